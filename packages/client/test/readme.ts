/** The README's fenced blocks, as they stand there. */
import { readFileSync } from "node:fs";
import type { CORSConfiguration } from "@aws-sdk/client-s3";

const TEXT = readFileSync(new URL("../README.md", import.meta.url), "utf8");

function block(fence: string): string {
  const found = new RegExp(`^\`\`\`${fence}\\n(.*?)^\`\`\``, "ms").exec(TEXT)?.[1];
  if (found === undefined) throw new Error(`the README has no \`${fence}\` block`);
  return found;
}

export const readmeExample = (where: "node" | "browser"): string =>
  block(where === "node" ? "ts" : "ts browser");

/** The rules for another page than the README's. */
export function readmeCors(origin: string): CORSConfiguration {
  return JSON.parse(block("json cors").replace("https://app.example.com", origin));
}
