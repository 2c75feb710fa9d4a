// A small internet in network namespaces (netns-lab.sh), with the real binary in it and browsers behind its routers. Needs root, iproute2 and nftables.
import { execFile } from "node:child_process";
import fs from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const SCRIPT = path.join(path.dirname(fileURLToPath(import.meta.url)), "netns-lab.sh");

/** The server's address in the lab. */
export const ADDRESS = "203.0.113.10";

/** Does one command of the script; `input` is for the command that `exec` starts. */
export async function lab(...argv) {
  const { input } = typeof argv.at(-1) === "object" ? argv.pop() : {};
  const done = run("bash", [SCRIPT, ...argv]);
  done.child.stdin.end(input);
  await done;
}

/** A program that starts `program` in a namespace, for drivers that take nothing but a program. */
export async function within(namespace, program, folder) {
  const file = path.join(folder, `${namespace}-${path.basename(program)}`);
  await fs.writeFile(file, `#!/bin/sh\nexec ip netns exec ${namespace} ${program} "$@"\n`, { mode: 0o755 });
  return file;
}
