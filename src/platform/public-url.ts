import type { AddressInfo } from 'node:net';
import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Settings } from './settings.js';

/** Where people reach the product: what links in answers, documents and mail begin with. */
@Injectable()
export class PublicUrl {
  constructor(
    private readonly settings: Settings,
    private readonly host: HttpAdapterHost,
  ) {}

  /** The path under PUBLIC_URL, or under the address that the process listens on. */
  of(path: string): string {
    return `${this.settings.publicUrl ?? this.listening()}${path}`;
  }

  private listening(): string {
    const server = this.host.httpAdapter.getHttpServer() as { address(): AddressInfo | null };
    const { address, port } = server.address() ?? { address: '', port: 3000 };
    const isAnywhere = ['', '::', '0.0.0.0', '::1', '127.0.0.1'].includes(address);
    return `http://${isAnywhere ? 'localhost' : address.includes(':') ? `[${address}]` : address}:${port}`;
  }
}
