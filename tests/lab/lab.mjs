// A small internet in network namespaces (netns-lab.sh), with the real binary in it and browsers behind its routers. Needs root, iproute2 and nftables.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs/promises";
import net from "node:net";
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

/** Carries connections to a port of loopback here to the same port of loopback in a namespace, for drivers that know no other way. */
export async function bridge(namespace, port) {
  const pipe = `const socket = require("net").connect(${port}, "127.0.0.1").on("error", () => process.exit(1));
    process.stdin.pipe(socket).pipe(process.stdout);`;
  const door = net.createServer((socket) => {
    const { stdin, stdout } = spawn("ip", ["netns", "exec", namespace, process.execPath, "-e", pipe], { stdio: ["pipe", "pipe", "inherit"] });
    socket.pipe(stdin);
    stdout.pipe(socket);
    // A driver that goes away cuts its connection off.
    for (const end of [socket, stdin]) end.on("error", () => socket.destroy());
    socket.on("close", () => stdin.end());
  });
  await once(door.listen(port, "127.0.0.1"), "listening");
  return door;
}
