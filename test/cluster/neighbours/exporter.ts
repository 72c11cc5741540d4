import { createServer, type Server } from 'node:http';
import { freePorts } from '../control-plane.ts';

/** Stands in for an exporter: serves metrics in Prometheus' text format, under the names of the real one. */
export class Exporter {
  readonly address: string;
  readonly #server: Server;
  #text = '';

  private constructor(port: number) {
    this.address = `127.0.0.1:${port}`;
    this.#server = createServer((_request, response) => {
      response.setHeader('Content-Type', 'text/plain; version=0.0.4').end(this.#text);
    }).listen(port, '127.0.0.1');
  }

  static async start(): Promise<Exporter> {
    const [port = 0] = await freePorts(1);
    return new Exporter(port);
  }

  says(lines: readonly string[]): void {
    this.#text = `${lines.join('\n')}\n`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** The last XID of a GPU as DCGM exporter tells it (NVIDIA/dcgm-exporter etc/default-counters.csv; 0 is none). */
export function lastXid(node: string, uuid: string, xid: number): string {
  return `DCGM_FI_DEV_XID_ERRORS{gpu="0",UUID="${uuid}",device="nvidia0",modelName="NVIDIA H100",Hostname="${node}",DCGM_FI_DRIVER_VERSION="580.95.05",err_code="${xid}"} ${xid}`;
}
