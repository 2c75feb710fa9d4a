// The real binary on free loopback ports, with a data directory of its own: on SQLite, or on a new database of the PostgreSQL that
// ZVONILKA_TEST_POSTGRES names.
import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import dgram from "node:dgram";
import { once } from "node:events";
import fs from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
export const BINARY = process.env.ZVONILKA_TEST_BINARY ?? path.join(ROOT, "target/debug/zvonilka");
export const INVITE = "secret_invite";

export class Server {
  /** Starts a server; `settings` are `section.key` to value, over the defaults. `httpPort`: where its pages are, if not on a free port. */
  static async start(settings = {}, httpPort) {
    const server = new Server();
    server.dir = await fs.mkdtemp(path.join(os.tmpdir(), "zvonilka-test-"));
    server.httpPort = httpPort ?? (await freePort("tcp"));
    server.turnPort = await freePort("both");
    server.url = `http://127.0.0.1:${server.httpPort}`;
    server.settings = {
      data_dir: path.join(server.dir, "data"),
      "http.listen": `127.0.0.1:${server.httpPort}`,
      "turn.listen": `127.0.0.1:${server.turnPort}`,
      // Outside the ports that the system gives to whoever asks for a free one.
      "turn.relay_ports": "20000-29999",
      "metrics.listen": "",
      ...(process.env.ZVONILKA_TEST_POSTGRES && { "database.url": await newDatabase(process.env.ZVONILKA_TEST_POSTGRES) }),
      "auth.logins_per_minute": 100_000,
      "auth.invites_per_minute": 100_000,
      ...settings,
    };
    process.on("exit", () => server.process?.kill("SIGKILL"));
    await server.launch().catch(async (error) => {
      await server.stop();
      throw error;
    });
    return server;
  }

  async launch() {
    const env = { PATH: process.env.PATH, HOME: this.dir };
    for (const [key, value] of Object.entries(this.settings)) {
      env[`ZVONILKA_${key.replace(".", "__").toUpperCase()}`] = String(value);
    }
    this.log = [];
    this.process = spawn(BINARY, ["serve", ...(this.flags ?? [])], { cwd: this.dir, env, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      readline.createInterface({ input: stream }).on("line", (line) => {
        this.log.push(line);
        if (process.env.ZVONILKA_TEST_LOG) process.stderr.write(`${line}\n`);
      });
    }
    this.exit = once(this.process, "exit");
    const gone = this.exit.then(([code, signal]) => {
      throw new Error(`the server ended (${code ?? signal}):\n${this.log.join("\n")}`);
    });
    gone.catch(() => {});
    await Promise.race([gone, this.answers()]);
  }

  async answers() {
    const deadline = Date.now() + 30_000;
    for (;;) {
      const answer = await fetch(`${this.url}/users/profile`).catch(() => null);
      if (answer?.status === 401) return;
      if (Date.now() > deadline) throw new Error(`the server does not answer:\n${this.log.join("\n")}`);
      await sleep(30);
    }
  }

  /** Ends the process; returns its exit code and how long it took. */
  async end(signal = "SIGTERM") {
    const from = Date.now();
    this.process.kill(signal);
    const [code] = await this.exit;
    return { code, ms: Date.now() - from };
  }

  async stop() {
    if (this.process.exitCode === null && this.process.signalCode === null) await this.end("SIGKILL");
    await fs.rm(this.dir, { recursive: true, force: true });
  }

  /** One REST request. Returns the status and the body. */
  async request(method, route, { token, body } = {}) {
    const headers = { ...(token && { authorization: `Bearer ${token}` }), ...(body && { "content-type": "application/json" }) };
    const answer = await fetch(this.url + route, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    return { status: answer.status, body: text ? JSON.parse(text) : null };
  }

  /** As `request`, where nothing but success will do. */
  async ok(method, route, options) {
    const { status, body } = await this.request(method, route, options);
    if (status >= 300) throw new Error(`${method} ${route}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  /** Registers and signs in. */
  async person(username, password = "correct horse") {
    await this.ok("POST", "/users/register", { body: { username, password, invitationCode: INVITE } });
    return this.signIn(username, password);
  }

  async signIn(username, password = "correct horse") {
    const session = await this.ok("POST", "/auth/login", { body: { username, password } });
    return { username, password, id: session.user.id, token: session.access_token, session };
  }
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Asks until the answer is true. */
export async function until(what, ask, timeout = 10_000) {
  const deadline = Date.now() + timeout;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`not within ${timeout} ms: ${what}`);
    await sleep(25);
  }
}

/** A new, empty database of the PostgreSQL that `url` names. */
export async function newDatabase(url) {
  const name = `test_${randomBytes(8).toString("hex")}`;
  await promisify(execFile)("psql", ["--quiet", "--command", `create database ${name}`, url]);
  return Object.assign(new URL(url), { pathname: `/${name}` }).href;
}

/** A port that is free just now; `kind` is "tcp", or "both" for UDP too. */
export async function freePort(kind) {
  const listener = net.createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address();
  const free = kind === "tcp" || (await isFree(port));
  listener.close();
  await once(listener, "close");
  return free ? port : freePort(kind);
}

async function isFree(port) {
  const socket = dgram.createSocket("udp4");
  socket.bind(port, "127.0.0.1");
  const bound = await once(socket, "listening").then(() => true, () => false);
  if (bound) await new Promise((closed) => socket.close(closed));
  return bound;
}
