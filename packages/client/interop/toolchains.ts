/** Builds the drivers of the official clients with each language's ordinary package client, in a scratch directory. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ClientName } from "./cell.ts";

export interface Built {
  readonly name: ClientName;
  readonly version: string;
  readonly command: readonly string[];
}

interface Recipe {
  readonly name: ClientName;
  readonly version: string;
  build(directory: string): readonly string[];
}

const DRIVERS = join(import.meta.dirname, "drivers");
const run = (command: string, args: readonly string[], cwd: string): string =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

function java(generation: "v3" | "v4", version: string): Recipe {
  return {
    name: generation === "v4" ? "java-4" : "java-3",
    version,
    build(directory) {
      cpSync(join(DRIVERS, "java/pom.xml"), join(directory, "pom.xml"));
      const pathFile = join(directory, "classpath");
      const goal = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:build-classpath";
      run("mvn", ["-q", "-B", goal, `-Dmdep.outputFile=${pathFile}`, `-Ds3ec.version=${version}`], directory);
      const classpath = run("cat", [pathFile], directory).trim();
      const classes = join(directory, "classes");
      mkdirSync(classes, { recursive: true });
      const sources = [
        join(DRIVERS, "java/common/Driver.java"),
        join(DRIVERS, `java/${generation}/Clients.java`),
      ];
      run("javac", ["-nowarn", "-cp", classpath, "-d", classes, ...sources], directory);
      return ["java", "-cp", `${classes}:${classpath}`, "Driver"];
    },
  };
}

function go(generation: "v3" | "v4", version: string): Recipe {
  return {
    name: generation === "v4" ? "go-4" : "go-3",
    version,
    build(directory) {
      const module = `github.com/aws/amazon-s3-encryption-client-go/${generation}`;
      for (const file of ["main.go", `clients_${generation}.go`])
        cpSync(join(DRIVERS, "go", file), join(directory, file));
      writeFileSync(join(directory, "go.mod"), `module driver\n\ngo 1.24\n\nrequire ${module} ${version}\n`);
      // The client's own go.mod asks for an SDK from before BaseEndpoint.
      const sdk = ["service/s3@v1.72.0", "service/kms@v1.37.8", "config@v1.28.7"];
      run("go", ["get", ...sdk.map((path) => `github.com/aws/aws-sdk-go-v2/${path}`)], directory);
      run("go", ["mod", "tidy"], directory);
      run("go", ["build", "-tags", generation, "-o", "driver", "."], directory);
      return [join(directory, "driver")];
    },
  };
}

function python(version: string): Recipe {
  return {
    name: "python-4",
    version,
    build(directory) {
      const binary = join(directory, "venv/bin/python");
      if (!existsSync(binary)) run("python3", ["-m", "venv", "venv"], directory);
      run(
        binary,
        ["-m", "pip", "install", "-q", `amazon-s3-encryption-client-python==${version}`],
        directory,
      );
      return [binary, join(DRIVERS, "python/driver.py")];
    },
  };
}

/** Newest and previous major version of each official client that has a package. */
export const RECIPES: readonly Recipe[] = [
  java("v4", "4.0.1"),
  java("v3", "3.5.0"),
  go("v4", "v4.0.0"),
  go("v3", "v3.2.0"),
  python("4.0.0"),
];

export interface NotBuilt {
  readonly why: string;
  /** The registry said that it does not serve this version: not a fault of the machine. */
  readonly refused: boolean;
}

/** What the Go module proxy and its checksum database answer for a version that they do not serve. */
const REFUSED = /proxy|sumdb/i;
const REFUSED_STATUS = /\b(403 Forbidden|404 Not Found|410 Gone)\b/;

export function buildDriver(recipe: Recipe, work: string): Built | NotBuilt {
  const directory = join(work, recipe.name);
  mkdirSync(directory, { recursive: true });
  try {
    return { name: recipe.name, version: recipe.version, command: recipe.build(directory) };
  } catch (error) {
    const text = error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
    const why = text.trim().split("\n").slice(-6).join("\n") || String(error);
    const refused = recipe.name.startsWith("go-") && REFUSED.test(why) && REFUSED_STATUS.test(why);
    return { why: why.replace(/https?:\/\/[^/\s]+/g, "the proxy"), refused };
  }
}
