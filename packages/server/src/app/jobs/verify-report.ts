/** What `verify` found: each finding when it is met, the counts at the end; as text or, with --json, as JSON. */
import type { VerifiedKey } from "../../kms/verify.ts";
import type { Reference } from "../../objects/verify-references.ts";
import type { Verified } from "../../objects/verify.ts";
import type { VerifiedRow } from "../../objects/verify-records.ts";
import { hexOf } from "../../store/key-order.ts";
import type { VerifiedList } from "../../store/verify-lists.ts";
import type { JobOutput } from "./job.ts";

export type Finding =
  | {
      readonly kind: "version";
      readonly bucket: string;
      readonly key: string;
      readonly versionId?: string;
      readonly problem: string;
    }
  | { readonly kind: "record"; readonly table: string; readonly row: string; readonly problem: string }
  | { readonly kind: "list"; readonly list: string; readonly problem: string }
  | { readonly kind: "kms-key"; readonly account: string; readonly keyId: string; readonly problem: string }
  | { readonly kind: "unreferenced"; readonly what: "blob" | "content"; readonly id: string };

/** Findings kept for --json; all are counted. */
const FINDINGS_KEPT_MAX = 10_000;

export class VerifyReport {
  readonly #output: JobOutput;
  readonly #json: boolean;
  readonly #findings: Finding[] = [];
  #found = 0;
  #records = 0;
  #bytes = 0;
  #lists = 0;
  #keys = 0;
  #damagedVersions = 0;
  readonly #versions = { marker: 0, opened: 0, outer: 0, checksummed: 0, damaged: 0 };
  readonly #refused = new Map<string, number>();

  constructor(output: JobOutput, json: boolean) {
    this.#output = output;
    this.#json = json;
  }

  record({ table, key, problem }: VerifiedRow): void {
    this.#records++;
    if (problem !== undefined) this.#add({ kind: "record", table, row: hexOf(key), problem });
  }

  version(version: Verified, bucket: () => string): void {
    this.#versions[version.reached]++;
    this.#bytes += version.storedBytes;
    if (version.refused !== undefined)
      this.#refused.set(version.refused, (this.#refused.get(version.refused) ?? 0) + 1);
    const { key, versionId } = version;
    if (version.problems.length > 0) this.#damagedVersions++;
    for (const problem of version.problems)
      this.#add({
        kind: "version",
        bucket: bucket(),
        key,
        ...(versionId === undefined ? {} : { versionId }),
        problem,
      });
  }

  list({ name, problems }: VerifiedList): void {
    this.#lists++;
    for (const problem of problems) this.#add({ kind: "list", list: name, problem });
  }

  key({ account, keyId, problems }: VerifiedKey): void {
    this.#keys++;
    for (const problem of problems) this.#add({ kind: "kms-key", account, keyId, problem });
  }

  unreferenced(things: readonly Reference[]): void {
    for (const { kind, id } of things) this.#add({ kind: "unreferenced", what: kind, id: hexOf(id) });
  }

  /** The exit code: 1 if anything was found. */
  finish(): number {
    const counts = {
      records: this.#records,
      lists: this.#lists,
      kmsKeys: this.#keys,
      versions: this.#versions,
      refused: Object.fromEntries(this.#refused),
      storedBytes: this.#bytes,
      found: this.#found,
    };
    if (this.#json) this.#output.out(JSON.stringify({ ...counts, findings: this.#findings }));
    else for (const line of this.#summary()) this.#output.out(line);
    return this.#found === 0 ? 0 : 1;
  }

  #summary(): string[] {
    const { marker, opened, outer, checksummed, damaged } = this.#versions;
    const objects = opened + outer + checksummed + damaged;
    const lines = [
      `${objects} object versions and ${marker} delete markers, ${this.#bytes} stored bytes, ${this.#records} other records, ${this.#lists} lists, ${this.#keys} KMS keys.`,
      `opened: ${opened}; outer layer opened: ${outer}; only checksummed, for want of a key: ${checksummed}; damaged: ${damaged}.`,
    ];
    for (const [code, count] of this.#refused)
      lines.push(`${count} could not be opened as the principal of --as (${code}) and count as checksummed.`);
    if (this.#found === 0) lines.push("Nothing is damaged, missing or unreferenced.");
    else {
      lines.push(`${this.#found} findings.`);
      if (this.#damagedVersions > 0)
        lines.push(
          "What a damaged record referred to may show as unreferenced: remove nothing before it is restored.",
        );
    }
    return lines;
  }

  #add(finding: Finding): void {
    this.#found++;
    if (this.#findings.length < FINDINGS_KEPT_MAX) this.#findings.push(finding);
    if (!this.#json) this.#output.out(textOf(finding));
  }
}

/** Keys are quoted: they may hold anything. */
function textOf(finding: Finding): string {
  switch (finding.kind) {
    case "version": {
      const id = finding.versionId === undefined ? "" : ` version ${finding.versionId}`;
      return `damaged: object ${JSON.stringify(finding.key)} in bucket ${finding.bucket}${id}: ${finding.problem}`;
    }
    case "record":
      return `damaged: record ${finding.table}/${finding.row}: ${finding.problem}`;
    case "list":
      return `damaged: list ${JSON.stringify(finding.list)}: ${finding.problem}`;
    case "kms-key":
      return `damaged: KMS key ${finding.keyId} of account ${finding.account}: ${finding.problem}`;
    case "unreferenced":
      return `unreferenced: ${finding.what} ${finding.id}`;
  }
}
