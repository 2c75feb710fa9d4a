// The REST contract as deployed clients know it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { INVITE, Server } from "../support/server.mjs";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

let server, anna, boris, vera;
before(async () => {
  server = await Server.start();
  anna = await server.person("anna");
  boris = await server.person("boris");
  vera = await server.person("vera");
});
after(() => server?.stop());

test("registration answers with the public user and nothing more", async () => {
  const { status, body } = await server.request("POST", "/users/register", {
    body: { username: "grisha", password: "correct horse", invitationCode: INVITE },
  });
  assert.equal(status, 201);
  assert.deepEqual(Object.keys(body).sort(), ["createdAt", "id", "isAdmin", "updatedAt", "username"]);
  assert.match(body.id, UUID);
  assert.match(body.createdAt, TIME);
  assert.equal(body.isAdmin, false);
});

test("login answers with both tokens, their lifetimes and the user", async () => {
  const { session } = anna;
  assert.deepEqual(session.user, { id: anna.id, username: "anna", isAdmin: true });
  assert.equal(session.expires_in, 900);
  assert.equal(session.refresh_expires_in, 2_592_000);
  for (const token of [session.access_token, session.refresh_token]) {
    const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
    assert.equal(claims.sub, anna.id);
    assert.equal(claims.username, "anna");
    assert.ok(claims.exp > Date.now() / 1000);
  }
});

test("refresh gives a new pair, and a logout ends the session", async () => {
  const { session } = await server.signIn("vera");
  const fresh = await server.ok("POST", "/auth/refresh", { body: { refresh_token: session.refresh_token } });
  assert.deepEqual(fresh.user, session.user);
  assert.equal((await server.request("POST", "/auth/logout", { token: fresh.access_token })).status, 200);
  const dead = await server.request("POST", "/auth/refresh", { body: { refresh_token: fresh.refresh_token } });
  assert.equal(dead.status, 401);
});

test("every refusal has the status, the message and the reason phrase", async () => {
  const someone = "00000000-0000-7000-8000-000000000000";
  const register = (body) => ["POST", "/users/register", { body: { username: "new", password: "correct horse", invitationCode: INVITE, ...body } }];
  const cases = [
    [400, "Bad Request", ...register({ invitationCode: "no-such-code" })],
    [400, "Bad Request", ...register({ password: "short" })],
    [409, "Conflict", ...register({ username: "anna" })],
    [401, "Unauthorized", "POST", "/auth/login", { body: { username: "anna", password: "wrong horse" } }],
    [401, "Unauthorized", "POST", "/auth/refresh", { body: { refresh_token: "x.y.z" } }],
    [401, "Unauthorized", "GET", "/users/profile", {}],
    [401, "Unauthorized", "GET", "/chats", { token: "forged" }],
    [404, "Not Found", "GET", `/users/${someone}`, { token: boris.token }],
    [403, "Forbidden", "PUT", `/users/${anna.id}`, { token: boris.token, body: { username: "mine" } }],
    [403, "Forbidden", "POST", "/invitation-codes/generate", { token: boris.token, body: {} }],
    [403, "Forbidden", "GET", "/invitation-codes", { token: boris.token }],
    [400, "Bad Request", "POST", "/chats/private", { token: boris.token, body: { targetUserId: boris.id } }],
    [400, "Bad Request", "POST", "/chats/private", { token: boris.token, body: { targetUserId: "not a uuid" } }],
    [404, "Not Found", "POST", "/chats/private", { token: boris.token, body: { targetUserId: someone } }],
    [404, "Not Found", "GET", `/messages/${someone}`, { token: boris.token }],
    [400, "Bad Request", "POST", "/calls/initiate", { token: boris.token, body: { targetUserId: boris.id, type: "voice" } }],
    [404, "Not Found", "POST", "/calls/initiate", { token: boris.token, body: { targetUserId: someone, type: "voice" } }],
    [404, "Not Found", "GET", `/calls/${someone}`, { token: boris.token }],
    [404, "Not Found", "POST", `/calls/${someone}/end`, { token: boris.token }],
    [403, "Forbidden", "DELETE", `/calls/${someone}`, { token: boris.token }],
  ];
  for (const [status, error, method, route, options] of cases) {
    const answer = await server.request(method, route, options);
    const name = `${method} ${route}`;
    assert.equal(answer.status, status, `${name}: ${JSON.stringify(answer.body)}`);
    assert.equal(answer.body.statusCode, status, name);
    assert.equal(answer.body.error, error, name);
    assert.ok(answer.body.message.length > 0, name);
  }
});

test("a broken form is answered with one message for each rule", async () => {
  const { status, body } = await server.request("POST", "/users/register", { body: { username: "", password: "x", invitationCode: "" } });
  assert.equal(status, 400);
  assert.ok(Array.isArray(body.message) && body.message.length >= 2, JSON.stringify(body));
});

test("the family chat is there from registration on, and a private chat is made once", async () => {
  const chats = await server.ok("GET", "/chats", { token: boris.token });
  const family = chats.find((chat) => chat.name === "Семейный Чат");
  assert.equal(family.isPrivate, false);
  assert.ok(["anna", "boris", "vera"].every((name) => family.participants.some((p) => p.username === name)));
  assert.equal((await server.request("DELETE", `/chats/${family.id}`, { token: boris.token })).status, 403);

  const open = () => server.request("POST", "/chats/private", { token: boris.token, body: { targetUserId: anna.id } });
  const [first, again] = [await open(), await open()];
  assert.equal(first.status, 201);
  assert.equal(first.body.id, again.body.id);
  assert.equal(first.body.isPrivate, true);
  assert.deepEqual(first.body.name.split(" & ").sort(), ["anna", "boris"]);
  const foreign = await server.request("GET", `/messages/${first.body.id}`, { token: vera.token });
  assert.equal(foreign.status, 403);
});

test("users are listed without the caller and without secrets", async () => {
  const users = await server.ok("GET", "/users", { token: anna.token });
  assert.ok(!users.some((user) => user.id === anna.id));
  for (const user of users) assert.deepEqual(Object.keys(user).filter((key) => /password|hash|token/i.test(key)), []);
});

test("an invitation code is used up after its limit", async () => {
  const code = await server.ok("POST", "/invitation-codes/generate", { token: anna.token, body: { usageLimit: 1 } });
  assert.equal(code.usageCount, 0);
  const register = (username) =>
    server.request("POST", "/users/register", { body: { username, password: "correct horse", invitationCode: code.code } });
  assert.equal((await register("dasha")).status, 201);
  assert.equal((await register("egor")).status, 400);
  const listed = (await server.ok("GET", "/invitation-codes", { token: anna.token })).find((other) => other.id === code.id);
  assert.equal(listed.usageCount, 1);
});

test("ICE servers are this server's own, with credentials for the caller", async () => {
  const config = await server.ok("GET", "/calls/webrtc-config", { token: anna.token });
  const urls = config.iceServers.flatMap(({ urls }) => urls);
  assert.ok(urls.some((url) => url.startsWith("stun:")) && urls.some((url) => url.startsWith("turn:")));
  for (const url of urls) assert.match(url, new RegExp(`^(stun|turn):(127\\.0\\.0\\.1|localhost):${server.turnPort}`));
  const turn = config.iceServers.find(({ username }) => username);
  assert.match(turn.username, /^\d{10}:[\w-]{10}\.[\w-]+$/, "an expiry, the tag of a user, the name of a sign-in");
  assert.ok(!turn.username.includes(anna.id), "the user's id must not cross the network in clear");
});

test("the API describes itself without asking another host", async () => {
  const page = await fetch(`${server.url}/api-docs/`);
  assert.equal(page.status, 200);
  assert.doesNotMatch(await page.text(), /https?:\/\/(?!127\.0\.0\.1|localhost)/);
});
