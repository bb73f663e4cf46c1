import { TrailFiles } from "../files.ts";
import type { TrailFile } from "../synced-file.ts";

/** A disk that fails when it is told to, after having written a part. */
export class FaultyFiles extends TrailFiles {
  failing = false;
  /** Writes wait for it. */
  stopped: Promise<void> | undefined;
  writes = 0;
  /** Every frame tried at a place. */
  readonly tried = new Map<number, Set<string>>();

  override async create(stream: string, number: number, header: Uint8Array): Promise<TrailFile> {
    if (this.failing) throw new Error("ENOSPC");
    const file = await super.create(stream, number, header);
    return {
      write: async (bytes, at) => {
        this.writes++;
        await this.stopped;
        const tried = this.tried.get(at) ?? new Set();
        this.tried.set(at, tried.add(Buffer.from(bytes).toString("base64")));
        if (!this.failing) return file.write(bytes, at);
        await file.write(bytes.subarray(0, bytes.length / 2), at);
        throw new Error("ENOSPC");
      },
      close: () => file.close(),
    };
  }

  override async requireSpace(): Promise<void> {
    if (this.failing) throw new Error("ENOSPC");
  }
}
