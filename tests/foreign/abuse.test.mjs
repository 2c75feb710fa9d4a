// Bad input and bad manners: each gets the contract's error; nothing gets a 5xx, and the server keeps its memory and its breath.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import fs from "node:fs/promises";
import net from "node:net";
import { after, before, test } from "node:test";
import { INVITE, Server, until } from "../support/server.mjs";
import { Device } from "./client.mjs";

let server, anna, boris, family;
before(async () => {
  server = await Server.start();
  anna = await server.person("anna");
  boris = await server.person("boris");
  [family] = await server.ok("GET", "/chats", { token: anna.token });
});
after(() => server?.stop());

test("a body that is not what it should be is refused with the contract's error", async () => {
  const post = (body, type = "application/json") =>
    fetch(`${server.url}/auth/login`, { method: "POST", headers: { "content-type": type }, body });
  const bodies = [
    ["", 400], ["{", 400], ["null", 400], ["[]", 400], ['"text"', 400], ['{"username": 5, "password": {}}', 400], ['{"username": "anna"}', 400],
    [`{"username": "${"x".repeat(2000)}", "password": "x"}`, [400, 401]],
    [`{"username": "anna", "password": "${"x".repeat(5000)}"}`, [400, 401]],
    ["[".repeat(200_000), 400], [new Uint8Array([0xff, 0xfe, 0]), 400], ["x".repeat(1_000_000), 413],
  ];
  for (const [body, status] of bodies) {
    const answer = await post(body);
    const told = await answer.json();
    const name = `${String(body).slice(0, 40)}: ${JSON.stringify(told)}`;
    assert.ok([status].flat().includes(answer.status), `${answer.status} to ${name}`);
    assert.equal(told.statusCode, answer.status, name);
    assert.ok(told.message.length > 0 && told.error, name);
  }
  // The server answers and closes without reading on: whether a client that still writes sees the answer is a race.
  const huge = await post("x".repeat(10_000_000)).then(({ status }) => status, (error) => error.cause.code);
  assert.ok([413, "EPIPE", "ECONNRESET"].includes(huge), String(huge));
  const form = await post("username=anna", "text/plain");
  assert.ok([400, 415].includes(form.status), String(form.status));
});

test("names that cannot be told apart or cannot be read are refused", async () => {
  const register = (username) =>
    server.request("POST", "/users/register", { body: { username, password: "correct horse", invitationCode: INVITE } });
  for (const username of ["", " ", "a\u0000b", "a\u007fb", "\u202egnp", "\u200b", "x".repeat(1000)]) {
    assert.equal((await register(username)).status, 400, JSON.stringify(username));
  }
  // Cyrillic а in place of Latin a; another case; a combining form.
  for (const username of ["аnna", "ANNA"]) {
    const { status } = await register(username);
    assert.ok(status === 400 || status === 409, `${username}: ${status}`);
  }
});

test("unknown and malformed ids in paths and queries are refused", async () => {
  const cases = [
    ["/users/not-a-uuid", [400, 404]], ["/calls/not-a-uuid", [400, 404]], ["/messages/..%2f..%2fetc", [400, 404]],
    [`/messages/${family.id}?limit=-1`, [400]], [`/messages/${family.id}?limit=x`, [400]], [`/messages/${family.id}?offset=99999999999999999999`, [400]],
    ["/calls/history?limit=abc", [400]], [`/chats/${family.id}/changes?after=x`, [400]], ["/no/such/route", [404]],
  ];
  for (const [route, statuses] of cases) {
    const { status, body } = await server.request("GET", route, { token: anna.token });
    assert.ok(statuses.includes(status), `${route}: ${status} ${JSON.stringify(body)}`);
  }
  const huge = await server.request("GET", `/messages/${family.id}?limit=1000000`, { token: anna.token });
  assert.ok(huge.status === 200 || huge.status === 400, String(huge.status));
});

test("forged tokens are refused, whatever algorithm they name", async () => {
  const [, claims] = anna.token.split(".");
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = (header, body, key) => `${header}.${body}.${createHmac("sha256", key).update(`${header}.${body}`).digest("base64url")}`;
  const header = encode({ alg: "HS256", typ: "JWT" });
  const forged = [
    `${encode({ alg: "none" })}.${claims}.`,
    `${encode({ alg: "RS256" })}.${claims}.${anna.token.split(".")[2]}`,
    signed(header, claims, ""),
    signed(header, claims, "secret"),
    anna.token.slice(0, -2),
    anna.session.refresh_token,
    "a.b.c",
    "",
  ];
  for (const token of forged) assert.equal((await server.request("GET", "/users/profile", { token })).status, 401, token);
  const swapped = await server.request("POST", "/auth/refresh", { body: { refresh_token: anna.token } });
  assert.equal(swapped.status, 401, "an access token is no refresh token");
});

test("guessing passwords and invites is slowed down, and says for how long", async () => {
  const guarded = await Server.start({ "auth.logins_per_minute": 10, "auth.invites_per_minute": 10 });
  try {
    const guesses = [
      ["/auth/login", { username: "anna", password: "guess" }],
      ["/users/register", { username: "new", password: "correct horse", invitationCode: "guess-guess" }],
      ["/invitation-codes/check", { code: "guess-guess" }],
    ];
    for (const [route, body] of guesses) {
      const answers = [];
      for (let n = 0; n < 25; n++) {
        answers.push(await fetch(guarded.url + route, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }));
      }
      const slowed = answers.filter(({ status }) => status === 429);
      assert.ok(slowed.length >= 10, `${route}: ${answers.map(({ status }) => status)}`);
      assert.ok(slowed.every((answer) => Number(answer.headers.get("retry-after")) >= 1), route);
      assert.equal((await slowed[0].json()).statusCode, 429);
    }
  } finally {
    await guarded.stop();
  }
});

test("a hundred logins at once are served or put off, and others are served meanwhile", async () => {
  const logins = Array.from({ length: 100 }, () =>
    fetch(`${server.url}/auth/login`, {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ username: "boris", password: "correct horse" }),
    }));
  const from = performance.now();
  await server.ok("GET", "/users/profile", { token: anna.token });
  assert.ok(performance.now() - from < 2000, `${performance.now() - from} ms`);
  const answers = await Promise.all(logins);
  for (const answer of answers) {
    assert.ok([200, 503].includes(answer.status), String(answer.status));
    if (answer.status === 503) assert.ok(Number(answer.headers.get("retry-after")) >= 1);
  }
  assert.ok(answers.some(({ status }) => status === 200));
});

test("a socket that never reads is dropped, and costs neither memory nor others' messages", async () => {
  const [sender, reader, deaf] = await Promise.all([anna, boris, boris].map((person) => Device.connect(server, person)));
  await Promise.all([sender, reader, deaf].map((device) => device.settle()));
  deaf.socket.io.engine.transport.ws._socket.pause();
  const before = await memoryMiB();
  const text = "x".repeat(9000);
  for (let batch = 0; batch < 50; batch++) {
    for (let n = 0; n < 20; n++) sender.emit("sendMessage", { chatId: family.id, content: text });
    for (let n = 0; n < 20; n++) await sender.take("messageSent");
    for (const device of [sender, reader]) device.received.length = 0;
  }
  sender.emit("sendMessage", { chatId: family.id, content: "the last" });
  await reader.take("messageReceived", ({ content }) => content === "the last", 30_000);
  const grown = (await memoryMiB()) - before;
  assert.ok(grown < 64, `grew by ${grown} MiB`);
  deaf.socket.io.engine.transport.ws._socket.resume();
  await until("the deaf socket is closed", () => deaf.socket.disconnected);
  for (const device of [sender, reader, deaf]) device.close();
});

test("a request whose head drips in is cut off, and holds nobody up meanwhile", async () => {
  const socket = net.connect(server.httpPort, "127.0.0.1");
  const from = Date.now();
  socket.on("error", () => {});
  socket.write("GET /users/profile HTTP/1.1\r\nhost: x\r\nx-drip: ");
  const drip = setInterval(() => socket.write("x"), 300);
  const closed = new Promise((done) => socket.on("close", done).resume());
  assert.equal((await server.request("GET", "/users/profile")).status, 401);
  await closed;
  clearInterval(drip);
  assert.ok(Date.now() - from < 15_000, `${Date.now() - from} ms`);
});

test("nothing of all that was an error of the server", () => {
  const errors = server.log.filter((line) => /\b(ERROR|panicked)\b/.test(line));
  assert.deepEqual(errors, []);
});

async function memoryMiB() {
  const status = await fs.readFile(`/proc/${server.process.pid}/status`, "utf8");
  return Number(status.match(/VmRSS:\s+(\d+)/)[1]) / 1024;
}
