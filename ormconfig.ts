import { DataSource } from 'typeorm';
import { readConfig } from './src/config.js';
import { dataSourceOptions } from './src/data-source.js';

/** For TypeORM's command line, which works on the build: `npx typeorm -d dist/ormconfig.js migration:generate …`. */
const config = readConfig();

export default new DataSource(dataSourceOptions(config.databaseUrl ?? 'postgres://localhost/fluxrate', 2));
