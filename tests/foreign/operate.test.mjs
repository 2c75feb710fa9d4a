// The commands of whoever runs the server, against the server that runs.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { BINARY, Server, until } from "../support/server.mjs";

let server;
before(async () => {
  server = await Server.start({ domain: "talk.example.org", "http.trusted_proxies": "127.0.0.1" });
});
after(() => server?.stop());

test("the first account is made without an invitation, and signs in with the password that is printed", async () => {
  const { code, stdout } = await run(["user", "create", "Анна"]);
  assert.equal(code, 0);
  assert.match(stdout, /^Made Анна, an administrator\.\nPassword, shown this once: \S{19}\n$/);
  await server.signIn("Анна", stdout.trim().split(" ").at(-1));
});

test("a password is read from standard input and not printed", async () => {
  const { code, stdout } = await run(["user", "create", "Борис", "--password-stdin"], "correct horse\n");
  assert.equal(code, 0);
  assert.equal(stdout, "Made Борис, a member.\n");
  await server.signIn("Борис");
  assert.equal((await run(["user", "create", "Вера", "--password-stdin"], "")).code, 2, "none came");
  const short = await run(["user", "create", "Вера", "--password-stdin"], "x\n");
  assert.equal(short.code, 2);
  assert.match(short.stderr, /at least 6 characters/);
});

test("tables are for people, JSON is for programs", async () => {
  const { stdout } = await run(["user", "list"]);
  const [head, ...rows] = stdout.trimEnd().split("\n");
  assert.match(head, /^NAME +ROLE +SEEN +SINCE +ID$/);
  assert.match(rows[0], /^Анна +administrator +never +\d{4}-\d\d-\d\d \d\d:\d\d +[0-9a-f-]{36}$/);
  const users = JSON.parse((await run(["user", "list", "--json"])).stdout);
  assert.deepEqual(users.map(({ name, isAdmin, online }) => ({ name, isAdmin, online })), [
    { name: "Анна", isAdmin: true, online: false },
    { name: "Борис", isAdmin: false, online: false },
  ]);
  const made = JSON.parse((await run(["user", "create", "Глеб", "--json"])).stdout);
  await server.signIn("Глеб", made.password);
  const shown = JSON.parse((await run(["user", "show", "глеб", "--json"])).stdout);
  assert.deepEqual([shown.id, shown.signIns.length], [made.id, 1]);
  assert.match((await run(["user", "show", made.id])).stdout, /^Глеб\n {2}id {5}/);
});

test("roles change over the command line and over REST, and an administrator stays", async () => {
  const [anna, boris] = JSON.parse((await run(["user", "list", "--json"])).stdout);
  const last = await run(["user", "demote", "Анна"]);
  assert.equal(last.code, 1);
  assert.match(last.stderr, /the last administrator must stay one/);
  assert.equal((await run(["user", "promote", "Борис"])).stdout, "Борис is an administrator now.\n");
  const session = await server.signIn("Борис");
  const demoted = await server.ok("PUT", `/users/${anna.id}/role`, { token: session.token, body: { isAdmin: false } });
  assert.equal(demoted.isAdmin, false);
  const refused = await server.request("PUT", `/users/${boris.id}/role`, { token: session.token, body: { isAdmin: false } });
  assert.deepEqual([refused.status, refused.body.code], [403, "user.last_admin"]);
  assert.equal((await server.request("PUT", `/users/${anna.id}/role`, { token: session.token, body: { isAdmin: "yes" } })).status, 400);
});

test("a new password and a sign-out by command are felt by every device", async () => {
  const boris = await server.signIn("Борис");
  assert.match((await run(["user", "sign-out", "Борис"])).stdout, /^Борис was signed out on \d+ devices?\.\n$/);
  assert.equal((await server.request("GET", "/users/profile", { token: boris.token })).status, 401);
  const { stdout } = await run(["user", "reset-password", "Борис"]);
  await assert.rejects(server.signIn("Борис"));
  await server.signIn("Борис", stdout.trim().split(" ").at(-1));
});

test("removing asks first, where there is somebody to ask", async () => {
  const asked = await run(["user", "remove", "Глеб"]);
  assert.equal(asked.code, 1);
  assert.match(asked.stderr, /no terminal to ask on; say --yes/);
  assert.equal((await run(["user", "remove", "Глеб", "--yes"])).code, 0);
  const gone = await run(["user", "remove", "Глеб", "--yes"]);
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /there is no user "Глеб"; `zvonilka user list` shows all/);
});

test("an invitation is a link with the server's name, works as often as it says, and can be revoked", async () => {
  const { stdout } = await run(["invite", "create", "--uses", "2", "--expires", "12h"]);
  const [, invitationCode] = stdout.match(/^https:\/\/talk\.example\.org\/join\/(\S+)\nFor 2 people, until \S+ \S+ UTC\. The code alone: \1\n$/);
  await server.ok("POST", "/users/register", { body: { username: "Дима", password: "correct horse", invitationCode } });
  const row = JSON.parse((await run(["invite", "list", "--json"])).stdout).find((invite) => invite.code === invitationCode);
  assert.deepEqual([row.state, row.usageCount, row.usageLimit], ["open", 1, 2]);
  assert.equal((await run(["invite", "revoke", invitationCode])).code, 0);
  const late = await server.request("POST", "/users/register", { body: { username: "Ева", password: "correct horse", invitationCode } });
  assert.deepEqual([late.status, late.body.code], [400, "invite.expired"]);
  assert.equal((await run(["invite", "revoke", invitationCode])).code, 1);
  for (const wrong of [["--uses", "0"], ["--expires", "soon"], ["--expires", "0s"], ["--uses", "2", "--unlimited"]]) {
    assert.equal((await run(["invite", "create", ...wrong])).code, 2, wrong.join(" "));
  }
});

test("calls and allocations are listed, and ended for everybody", async () => {
  await run(["user", "create", "Жанна", "--password-stdin"], "correct horse\n");
  const [anna, boris] = [await server.signIn("Жанна"), await server.signIn("Дима")];
  const { id: call } = await server.ok("POST", "/calls/initiate", { token: anna.token, body: { targetUserId: boris.id, type: "voice" } });
  assert.match((await run(["call", "list"])).stdout, new RegExp(`${call} .+ private voice +ringing +Жанна, Дима`));
  assert.match((await run(["call", "show", call])).stdout, /status +ringing\n/);
  assert.equal((await run(["call", "end", call])).stdout, "Ended the call of Жанна, Дима.\n");
  assert.match((await run(["call", "list"])).stdout, /^Nobody is in a call just now/);
  assert.equal(JSON.parse((await run(["call", "list", "--past", "--json"])).stdout)[0].reason, "closed");
  const why = (await run(["call", "explain", call, "--language", "ru"])).stdout;
  assert.match(why, /^Звонок завершён с сервера\.\nДима не в сети: ни одно устройство не зазвонило\.\n\nTIME +WHO +WHAT\n/);
  assert.match(why, /\n\d\d:\d\d:\d\d +Жанна +started video=false\n/);
  assert.match((await run(["call", "explain", call])).stdout, /^The call was ended from the server\./);
  const { findings, steps } = JSON.parse((await run(["call", "explain", call, "--json"])).stdout);
  assert.deepEqual([findings[0], steps.at(-1).step], [{ code: "closed" }, { kind: "ended", reason: "closed" }]);
  assert.equal((await run(["call", "explain", "nonsense"])).code, 1);
  assert.equal((await run(["call", "explain", call, "--language", "de"])).code, 2);
  const again = await run(["call", "end", call]);
  assert.deepEqual([again.code, again.stderr], [1, "the call has ended already\n"]);
  assert.equal((await run(["call", "show", "nonsense"])).code, 1);
  assert.match((await run(["relay", "list"])).stdout, /^The relay holds nothing/);
  assert.equal((await run(["relay", "end", "1"])).code, 1);
});

test("draining waits for the last call to end, and nobody can begin one meanwhile", async () => {
  await run(["user", "create", "Зоя", "--password-stdin"], "correct horse\n");
  const [caller, callee, third] = await Promise.all(["Жанна", "Дима", "Зоя"].map((name) => server.signIn(name)));
  const initiate = (from) => server.request("POST", "/calls/initiate", { token: from.token, body: { targetUserId: callee.id, type: "voice" } });
  const { body: { id } } = await initiate(caller);
  const drained = run(["call", "drain"]);
  const refused = await until("calls are refused", async () => {
    const answer = await initiate(third);
    return answer.status === 503 && answer.body;
  });
  assert.equal(refused.code, "call.stopping");
  assert.match((await run(["call", "list"])).stdout, /Жанна, Дима/);
  await run(["call", "end", id]);
  const { code, stdout } = await drained;
  assert.deepEqual([code, /No call goes on.*systemctl restart/.test(stdout)], [0, true], stdout);
});

test("the socket is its owner's alone, one server has it, and it is gone when the server is", async () => {
  const socket = path.join(server.settings.data_dir, "control.sock");
  const { mode } = await fs.stat(socket);
  assert.equal(mode & 0o777, 0o600);
  const second = await run(["serve"], "", { ZVONILKA_HTTP__LISTEN: "127.0.0.1:0", ZVONILKA_TURN__LISTEN: "127.0.0.1:0" });
  assert.notEqual(second.code, 0);
  assert.match(second.stderr, /another zvonilka runs with this data_dir/);
  await server.end("SIGTERM");
  await assert.rejects(fs.stat(socket));
  const { code, stderr } = await run(["user", "list"]);
  assert.equal(code, 1);
  for (const hint of [socket, "Is it running?", "--data-dir"]) assert.ok(stderr.includes(hint), stderr);
  assert.equal(stderr.match(/os error/g).length, 1, `it is said once: ${stderr}`);
  await server.launch();
  assert.equal((await run(["user", "list"])).code, 0);
  await server.end("SIGKILL");
  await server.launch();
  assert.equal((await run(["user", "list"])).code, 0, "a crash leaves a socket behind that the next server replaces");
});

function run(argv, input = "", env = {}) {
  return new Promise((done) => {
    const own = { PATH: process.env.PATH, HOME: server.dir, ZVONILKA_DATA_DIR: server.settings.data_dir, ZVONILKA_METRICS__LISTEN: "" };
    const child = spawn(BINARY, argv, { cwd: server.dir, env: { ...own, ...env }, timeout: 20_000 });
    const out = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"]) child[name].setEncoding("utf8").on("data", (text) => (out[name] += text));
    child.stdin.on("error", () => {}).end(input);
    child.on("close", (code) => done({ code, ...out }));
  });
}
