// The chat events of the contract, spoken by npm's socket.io-client.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server, until } from "../support/server.mjs";
import { Device } from "./client.mjs";

let server, anna, boris, vera, family;
before(async () => {
  server = await Server.start();
  anna = await server.person("anna");
  boris = await server.person("boris");
  vera = await server.person("vera");
  [family] = await server.ok("GET", "/chats", { token: anna.token });
});
after(() => server?.stop());

test("a message reaches every participant once, the sender included, and is confirmed to the sender", async (t) => {
  const [a, b] = await devices(t, anna, boris);
  a.emit("sendMessage", { chatId: family.id, content: "Привет!" });
  const sent = await a.take("messageSent");
  for (const device of [a, b]) {
    const received = await device.take("messageReceived");
    assert.equal(received.id, sent.id);
    assert.equal(received.content, "Привет!");
    assert.equal(received.senderId, anna.id);
    assert.deepEqual(received.sender, { id: anna.id, username: "anna" });
    assert.equal(received.chatId, family.id);
    assert.equal(received.chat.name, "Семейный Чат");
  }
  await Promise.all([a.settle(), b.settle()]);
  for (const device of [a, b]) assert.deepEqual(device.left("messageReceived"), []);
  assert.deepEqual(b.left("messageSent"), []);
});

test("an event that is answered by an event never calls the acknowledgement", async (t) => {
  const [a] = await devices(t, anna);
  assert.equal(await a.ask("sendMessage", { chatId: family.id, content: "ack?" }), undefined);
  assert.equal((await a.take("messageSent")).content, "ack?");
});

test("messages of one socket keep their order", async (t) => {
  const [a, b] = await devices(t, anna, boris);
  const texts = Array.from({ length: 100 }, (_, n) => `number ${n}`);
  for (const content of texts) a.emit("sendMessage", { chatId: family.id, content });
  await b.take("messageReceived", (message) => message.content === "number 99");
  const received = b.left("messageReceived").map((message) => message.content);
  assert.deepEqual(received, texts.slice(0, 99));
  b.emit("getMessages", { chatId: family.id, limit: 100, offset: 0 });
  assert.deepEqual((await b.take("chatMessages")).map((message) => message.content), texts);
});

test("chats are listed and made", async (t) => {
  const [a, b, v] = await devices(t, anna, boris, vera);
  b.emit("createChat", { name: "Дача", participantIds: [anna.id] });
  const [atAnna, atBoris] = [await a.take("chatCreated"), await b.take("chatCreated")];
  assert.equal(atAnna.id, atBoris.id);
  assert.equal(atAnna.name, "Дача");
  a.emit("getChats");
  assert.ok((await a.take("userChats")).some((chat) => chat.id === atAnna.id));
  await v.settle();
  assert.deepEqual(v.left("chatCreated"), []);

  v.emit("sendMessage", { chatId: atAnna.id, content: "let me in" });
  assert.equal(typeof (await v.take("error")), "string");
  v.emit("getMessages", { chatId: atAnna.id });
  assert.equal(typeof (await v.take("error")), "string");
  await a.settle();
  assert.deepEqual(a.left("messageReceived"), []);
});

test("whatever is wrong is answered with an error message, and the socket stays", async (t) => {
  const [a] = await devices(t, anna);
  const wrong = [
    ["sendMessage", { chatId: family.id, content: "" }],
    ["sendMessage", { chatId: family.id, content: "x".repeat(100_000) }],
    ["sendMessage", { chatId: family.id, content: 5 }],
    ["sendMessage", { chatId: "not a uuid", content: "x" }],
    ["sendMessage", { chatId: "00000000-0000-7000-8000-000000000000", content: "x" }],
    ["sendMessage", "text"],
    ["sendMessage", null],
    ["sendMessage", [1, 2]],
    ["getMessages", { chatId: family.id, limit: -1 }],
    ["createChat", { name: "", participantIds: [] }],
    ["createChat", { name: "x", participantIds: "everybody" }],
  ];
  for (const [event, payload] of wrong) {
    a.emit(event, payload);
    const message = await a.take("error").catch((error) => assert.fail(`${event} ${JSON.stringify(payload)?.slice(0, 80)}: ${error.message.slice(0, 200)}`));
    assert.equal(typeof message, "string");
  }
  await a.settle();
});

test("a client learns who comes and who goes", async (t) => {
  const [a] = await devices(t, anna);
  const vera1 = await Device.connect(server, vera);
  assert.equal(await a.take("userConnected", (id) => id === vera.id), vera.id);
  vera1.close();
  assert.equal(await a.take("userDisconnected", (id) => id === vera.id), vera.id);
});

test("a client with a bad token is let in and thrown out, so that it does not come back", async () => {
  for (const token of ["", "forged", `${anna.token}x`, undefined]) {
    const device = new Device(server, token);
    const ending = await Promise.race([device.disconnected, device.connected.then(() => device.disconnected, (error) => `refused: ${error.message}`)]);
    assert.equal(ending, "io server disconnect", String(token));
  }
});

test("what was sent before a restart is there after it, and nothing twice", async (t) => {
  const [a] = await devices(t, anna);
  a.emit("sendMessage", { chatId: family.id, content: "before the restart" });
  await a.take("messageSent");
  const { code, ms } = await server.end("SIGTERM");
  assert.equal(code, 0, server.log.join("\n"));
  assert.ok(ms < 10_000, `${ms} ms`);
  assert.equal(await a.disconnected, "transport close");
  await server.launch();
  const messages = await server.ok("GET", `/messages/${family.id}?limit=50&offset=0`, { token: anna.token });
  assert.equal(messages.filter((message) => message.content === "before the restart").length, 1);
  const [b] = await devices(t, boris);
  await until("boris is online", async () => (await server.ok("GET", "/users/presence", { token: anna.token })).find((p) => p.userId === boris.id).online);
  b.close();
});

async function devices(t, ...people) {
  const opened = await Promise.all(people.map((person) => Device.connect(server, person)));
  t.after(() => opened.forEach((device) => device.close()));
  // Connected is not yet listening: the first answer shows that the session is.
  await Promise.all(opened.map((device) => device.settle()));
  opened.forEach((device) => (device.received.length = 0));
  return opened;
}
