// A whole server in one file, taken while it runs, and put onto a machine where there is nothing: devices just go on.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { BINARY, Server, newDatabase } from "../support/server.mjs";
import { TurnClient } from "./turn-client.mjs";

const POSTGRES = process.env.ZVONILKA_TEST_POSTGRES;
let dir, server, anna, chat, credential, file;
before(async () => {
  dir = await fs.mkdtemp(path.join(os.tmpdir(), "zvonilka-backup-"));
  server = await Server.start();
  anna = await server.person("anna");
  [chat] = await server.ok("GET", "/chats", { token: anna.token });
  await post("первое \\ \t и второе");
  const { iceServers } = await server.ok("GET", "/calls/webrtc-config", { token: anna.token });
  credential = iceServers.find(({ username }) => username);
  file = path.join(dir, "today.zvb");
});
after(async () => {
  await server?.stop();
  await fs.rm(dir, { recursive: true, force: true });
});

test("a backup is taken while messages are written, is its owner's alone, and leaves nothing behind", async () => {
  let writing = true;
  const writer = (async () => {
    for (let n = 0; writing; n++) await post(`meanwhile ${n}`);
  })();
  const made = await run(["backup", file], server);
  writing = false;
  await writer;
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stderr, POSTGRES ? /the PostgreSQL database/ : /the SQLite database/);
  assert.equal((await fs.stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(await fs.readdir(dir), ["today.zvb"]);
  const again = await run(["backup", file], server);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /is there already; choose another name/);
});

test("what a server keeps in its data directory is in the backup, or is known not to be needed", async () => {
  const kept = ["jwt.secret", "turn.secret", "acme", "zvonilka.db"];
  const passing = ["zvonilka.db-wal", "zvonilka.db-shm", "control.sock"];
  const unknown = (await fs.readdir(server.settings.data_dir)).filter((name) => ![...kept, ...passing].includes(name));
  assert.deepEqual(unknown, [], "say in src/backup whether this belongs into a backup");
});

test("on a blank machine tokens, messages and credentials of the relay go on", async () => {
  const settings = await blank("new");
  const restored = await run(["restore", file], { settings });
  assert.equal(restored.code, 0, restored.stderr);
  assert.match(restored.stdout, /^Restored what zvonilka \S+ had at \S+Z\. Start the server/);
  const other = await Server.start(settings);
  try {
    assert.equal((await other.ok("GET", "/users/profile", { token: anna.token })).username, "anna");
    const refreshed = await other.ok("POST", "/auth/refresh", { body: { refresh_token: anna.session.refresh_token } });
    assert.ok(refreshed.access_token);
    const messages = await other.ok("GET", `/chats/${chat.id}/messages?limit=100`, { token: anna.token });
    const all = JSON.stringify(messages);
    assert.ok(all.includes(JSON.stringify("первое \\ \t и второе").slice(1, -1)), all);
    const client = await TurnClient.open(other.turnPort, credential);
    assert.equal(await client.allocate(), 200);
    client.close();
    const running = await run(["restore", file, "--force"], other);
    assert.equal(running.code, 1);
    assert.match(running.stderr, /a server runs with this data_dir .+; stop it first/);
    await other.end("SIGTERM");
    const taken = await run(["restore", file], other);
    assert.equal(taken.code, 1);
    assert.match(taken.stderr, /is there already; restore onto a blank data_dir/);
    const forced = await run(["restore", file, "--force"], other);
    if (POSTGRES) {
      assert.equal(forced.code, 1);
      assert.match(forced.stderr, /has \d+ tables already; make an empty one/);
    } else {
      assert.equal(forced.code, 0, forced.stderr);
      const [, aside] = forced.stdout.match(/What was there before is in (\S+);/);
      assert.ok((await fs.readdir(aside)).includes("zvonilka.db"));
    }
    await other.launch();
    await other.signIn("anna");
  } finally {
    await other.stop();
  }
});

test("a backup goes through a pipe, and a damaged one changes nothing", async () => {
  const { code, stdout } = await run(["backup", "-"], server);
  assert.equal(code, 0);
  const settings = await blank("piped");
  const cut = await run(["restore", "-"], { settings }, stdout.subarray(0, stdout.length - 100));
  assert.equal(cut.code, 1);
  assert.match(String(cut.stderr), /not a whole backup of zvonilka/);
  assert.deepEqual(await fs.readdir(settings.data_dir), []);
  const whole = await run(["restore", "-"], { settings }, stdout);
  assert.equal(whole.code, 0, String(whole.stderr));
});

test("the other kind of database, and what is no backup, are refused by name", async () => {
  const settings = await blank("other");
  settings["database.url"] = POSTGRES ? `sqlite:${path.join(settings.data_dir, "x.db")}` : "postgres://nobody@127.0.0.1:1/none";
  const other = await run(["restore", file], { settings });
  assert.equal(other.code, 1);
  if (POSTGRES) assert.match(String(other.stderr), /the backup is of PostgreSQL, but the configuration says SQLite/);
  const readme = await run(["restore", BINARY], { settings: await blank("none") });
  assert.match(String(readme.stderr), /not a whole backup of zvonilka/);
  const nowhere = await run(["backup", path.join(dir, "x")], { settings: { data_dir: path.join(dir, "missing") } });
  assert.equal(nowhere.code, 1);
  assert.match(String(nowhere.stderr), /is that the data_dir of the server\?/);
});

const post = (content) => server.ok("POST", `/chats/${chat.id}/messages`, { token: anna.token, body: { content } });

/** Settings of a server that has never run. */
async function blank(name) {
  return { data_dir: path.join(dir, name), ...(POSTGRES && { "database.url": await newDatabase(POSTGRES) }) };
}

function run(argv, { settings }, input = "") {
  return new Promise((done) => {
    const env = { PATH: process.env.PATH, HOME: dir };
    for (const key of ["data_dir", "database.url"]) {
      if (settings[key]) env[`ZVONILKA_${key.replace(".", "__").toUpperCase()}`] = settings[key];
    }
    const child = spawn(BINARY, argv, { cwd: dir, env, timeout: 30_000 });
    const out = { stdout: [], stderr: [] };
    for (const name of ["stdout", "stderr"]) child[name].on("data", (bytes) => out[name].push(bytes));
    child.stdin.on("error", () => {}).end(input);
    child.on("close", (code) => {
      const [stdout, stderr] = [Buffer.concat(out.stdout), Buffer.concat(out.stderr).toString()];
      done({ code, stdout: argv[1] === "-" && argv[0] === "backup" ? stdout : stdout.toString(), stderr });
    });
  });
}
