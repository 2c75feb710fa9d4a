// The command line as an administrator uses it.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { BINARY, Server } from "../support/server.mjs";

let dir;
before(async () => {
  dir = await fs.mkdtemp(path.join(os.tmpdir(), "zvonilka-cli-"));
});
after(() => fs.rm(dir, { recursive: true, force: true }));

test("check-config shows every setting and where it comes from", async () => {
  const { code, stdout } = await zvonilka(["check-config", "--http-listen", "127.0.0.1:8080"], { ZVONILKA_LOG__FILTER: "debug" });
  assert.equal(code, 0);
  assert.match(stdout, /^listen = "127\.0\.0\.1:8080" +# --http-listen$/m);
  assert.match(stdout, /^filter = "debug" +# environment, ZVONILKA_LOG__FILTER$/m);
  assert.match(stdout, /^relay_ports = "49152-65535" +# default$/m);
  assert.deepEqual(await fs.readdir(dir), [], "checking makes nothing");
});

test("a bad configuration is refused by every command that needs one, with all its faults", async () => {
  const bad = { ZVONILKA_TURN__RELAY_PORTS: "50000-49152", ZVONILKA_HTTP__LISTEN: "here", ZVONILKA_NO_SUCH: "x" };
  for (const command of [["check-config"], ["serve"], []]) {
    const { code, stdout, stderr } = await zvonilka(command, bad);
    assert.equal(code, 2, `${command}: ${stderr}`);
    assert.equal(stdout, "");
    assert.match(stderr, /turn\.relay_ports = "50000-49152": the first port is above the last/);
    assert.match(stderr, /http\.listen = "here"/);
    assert.match(stderr, /ZVONILKA_NO_SUCH/);
  }
});

test("openapi prints the document and nothing else", async () => {
  const { code, stdout } = await zvonilka(["openapi"]);
  assert.equal(code, 0);
  const document = JSON.parse(stdout);
  for (const route of ["/auth/login", "/users/register", "/calls/webrtc-config", "/chats/{chatId}/changes"]) {
    assert.ok(document.paths[route], `${route} is not among ${Object.keys(document.paths)}`);
  }
});

test("help tells how to begin", async () => {
  const { code, stdout } = await zvonilka(["--help"]);
  assert.equal(code, 0);
  for (const word of ["check-config", "--http-listen", "secret_invite", "ZVONILKA_SECTION__KEY"]) assert.ok(stdout.includes(word), word);
});

test("a port that is taken is named", async () => {
  const server = await Server.start();
  try {
    const taken = { ZVONILKA_HTTP__LISTEN: `127.0.0.1:${server.httpPort}`, ZVONILKA_TURN__LISTEN: "127.0.0.1:0" };
    const { code, stderr } = await zvonilka(["serve"], taken);
    assert.notEqual(code, 0);
    assert.match(stderr, new RegExp(`127\\.0\\.0\\.1:${server.httpPort}`));
  } finally {
    await server.stop();
  }
});

test("generated secrets are the owner's alone, are kept, and are never printed", async () => {
  const server = await Server.start();
  try {
    const data = path.join(server.dir, "data");
    const secrets = {};
    for (const name of ["jwt.secret", "turn.secret"]) {
      assert.equal((await fs.stat(path.join(data, name))).mode & 0o777, 0o600, name);
      secrets[name] = (await fs.readFile(path.join(data, name), "utf8")).trim();
    }
    const anna = await server.person("anna");
    await server.end("SIGTERM");
    const before = server.log;
    await server.launch();
    assert.equal((await server.request("GET", "/users/profile", { token: anna.token })).status, 200);
    for (const [name, secret] of Object.entries(secrets)) {
      assert.equal((await fs.readFile(path.join(data, name), "utf8")).trim(), secret);
      assert.ok(![...before, ...server.log].some((line) => line.includes(secret)), name);
    }
  } finally {
    await server.stop();
  }
});

function zvonilka(argv, env = {}) {
  return new Promise((done) => {
    execFile(BINARY, argv, { cwd: dir, env: { PATH: process.env.PATH, HOME: dir, ...env }, timeout: 20_000 }, (error, stdout, stderr) =>
      done({ code: error ? error.code : 0, stdout, stderr }));
  });
}
