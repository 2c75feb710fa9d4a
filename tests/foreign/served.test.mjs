// What changes when the server is meant for others than this machine.
import assert from "node:assert/strict";
import http from "node:http";
import { test } from "node:test";
import { INVITE, Server } from "../support/server.mjs";

// Under a domain, whose certificate a proxy has.
const PROXIED = { domain: "talk.example.org", "http.trusted_proxies": "127.0.0.1" };

const register = (server, invitationCode) =>
  fetch(`${server.url}/users/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ username: "anna", password: "correct horse", invitationCode }),
  });

const codes = (server) => server.log.map((line) => JSON.parse(line).code).filter(Boolean);

test("a served server makes a random invite, shows it once, and does not know the well-known one", async () => {
  const server = await Server.start({ ...PROXIED, "log.format": "json" });
  try {
    const [code, ...others] = codes(server);
    assert.deepEqual(others, []);
    assert.notEqual(code, INVITE);
    assert.equal((await register(server, INVITE)).status, 400);
    await server.end();
    await server.launch();
    assert.deepEqual(codes(server), [], "it is shown at the first start alone");
    assert.equal((await register(server, code)).status, 201);
  } finally {
    await server.stop();
  }
});

test("an invite that the administrator sets is the one", async () => {
  const server = await Server.start({ ...PROXIED, "auth.first_invite": "grandma-and-us" });
  try {
    assert.equal((await register(server, "grandma-and-us")).status, 201);
  } finally {
    await server.stop();
  }
});

test("the well-known invite of the local run is for this machine alone", async () => {
  const server = await Server.start();
  try {
    const headers = { "x-forwarded-for": "192.0.2.9", forwarded: "for=192.0.2.9", host: "talk.example.org" };
    for (const header of Object.entries(headers)) assert.equal(await registerAs(server, header), 400, header.join(": "));
    assert.equal((await register(server, INVITE)).status, 201);
  } finally {
    await server.stop();
  }
});

/** Registers with the well-known invite and one header, `Host` included, which fetch does not let one set. */
function registerAs(server, [name, value]) {
  return new Promise((done, fail) => {
    const headers = { "content-type": "application/json", [name]: value };
    const request = http.request(`${server.url}/users/register`, { method: "POST", headers }, (answer) => done(answer.resume().statusCode));
    request.on("error", fail);
    request.end(JSON.stringify({ username: "anna", password: "correct horse", invitationCode: INVITE }));
  });
}
