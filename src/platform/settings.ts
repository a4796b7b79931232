/** What of the configuration the modules need to know. */
export class Settings {
  constructor(readonly schedulerEnabled: boolean) {}
}
