import packageJson from "../../package.json" with { type: "json" };
/** Of the `strongroom` package. */
export const VERSION: string = packageJson.version;
