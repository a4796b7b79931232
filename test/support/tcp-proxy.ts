import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A loopback port that leads to another one, and can be cut and mended: how a database goes away and comes back. */
export class TcpProxy {
  private readonly sockets = new Set<Socket>();
  private isCut = false;
  private readonly server = createServer((inbound) => {
    if (this.isCut) {
      inbound.destroy();
      return;
    }
    const outbound = connect(this.targetPort, '127.0.0.1');
    for (const [socket, other] of [
      [inbound, outbound],
      [outbound, inbound],
    ]) {
      this.sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket) && other.destroy());
      socket.pipe(other);
    }
  });

  constructor(private targetPort: number) {}

  async listen(): Promise<number> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  /** Ends all connections, as a server that crashes; new ones end at once. */
  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  /** Lets connections through again; to another port, when the server has come back on one. */
  mend(targetPort = this.targetPort): void {
    this.targetPort = targetPort;
    this.isCut = false;
  }

  close(): void {
    this.cut();
    this.server.close();
  }
}
