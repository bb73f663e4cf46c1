/** Writes the table of settings into docs/operations/settings.md, from the one table in the code. Run after changing it. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { environmentName, SETTINGS, type Setting } from "../packages/server/src/app/settings.ts";

const DOCUMENT = join(import.meta.dirname, "../docs/operations/settings.md");
const BEGIN = "<!-- settings: begin (node tools/settings-table.ts) -->";
const END = "<!-- settings: end -->";

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");

function table(): string {
  const rows = Object.entries<Setting>(SETTINGS).map(([name, { flag, help }]) => {
    // A bar ends the cell, in code too.
    const shown = flag === undefined ? "" : `\`${flag.replaceAll("|", "\\|")}\``;
    return `| ${shown} | \`${environmentName(name)}\` | \`${name}\` | ${cell(help)} |`;
  });
  return ["| option | variable | in the config file | meaning |", "|---|---|---|---|", ...rows].join("\n");
}

/** The document with its table as the code has it. */
export function withTable(document: string): string {
  const from = document.indexOf(BEGIN);
  const to = document.indexOf(END);
  if (from < 0 || to < from) throw new Error("the document has lost the table's marks");
  return `${document.slice(0, from + BEGIN.length)}\n${table()}\n${document.slice(to)}`;
}

export const readDocument = (): string => readFileSync(DOCUMENT, "utf8");

if (import.meta.main) writeFileSync(DOCUMENT, withTable(readDocument()));
