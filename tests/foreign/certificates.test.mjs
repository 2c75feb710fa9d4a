// Certificates by themselves: from an ACME authority (pebble) that asks over TLS or HTTP, renewed and swapped while the server runs, and from files.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs/promises";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import net from "node:net";
import path from "node:path";
import { test } from "node:test";
import tls from "node:tls";
import { promisify } from "node:util";
import { io } from "socket.io-client";
import { Authority } from "../support/pebble.mjs";
import { Server, freePort, until } from "../support/server.mjs";

const NAME = "talk.example.org";
const YEAR = 365 * 86_400;

test("with a domain the certificate comes by itself, and the one port serves pages, sockets and TURN with it", async () => {
  await served({ validity: YEAR }, async ({ server, ports, authority }) => {
    const seen = await certificate(ports.https, authority.root);
    assert.equal(seen.subjectaltname, `DNS:${NAME}`);
    const page = await get(ports.https, authority.root, "/", { accept: "text/html" });
    assert.equal(page.status, 200);
    assert.match(page.headers["strict-transport-security"], /max-age=\d{8}/);
    assert.match(page.headers["content-security-policy"], /default-src 'self'/);
    assert.deepEqual(await overHttp2(ports.https, authority.root), { status: 401, webSockets: false }, "browsers open WebSockets apart");
    await socket(server, ports.https, authority.root);
    assert.deepEqual(await turn(ports.https, authority.root), [0x01, 0x01], "TURN inside TLS answers a Binding request");

    const kept = path.join(server.settings.data_dir, "acme");
    assert.equal((await fs.stat(kept)).mode & 0o777, 0o700);
    for (const name of await fs.readdir(kept)) assert.equal((await fs.stat(path.join(kept, name))).mode & 0o777, 0o600, name);
    await server.end();
    authority.kill();
    await server.launch();
    const again = await certificate(ports.https, authority.root);
    assert.equal(again.serialNumber, seen.serialNumber, "it is kept over a restart, which needs no authority");
  });
});

test("requests in the clear are sent to https under the domain, whatever host they name", async () => {
  await served({ validity: YEAR }, async ({ ports }) => {
    for (const host of [NAME, "elsewhere.example"]) {
      const answer = await clear(ports.redirect, "/join/abc?x=1", host);
      assert.equal(answer.status, 308);
      assert.equal(answer.headers.location, `https://${NAME}/join/abc?x=1`);
    }
    assert.equal((await clear(ports.redirect, "/.well-known/acme-challenge/unknown")).status, 404);
  });
});

test("an authority that cannot ask over TLS is answered over HTTP", async () => {
  await served({ validity: YEAR, tlsPort: await freePort("tcp") }, async ({ ports, authority }) => {
    assert.equal((await certificate(ports.https, authority.root)).subjectaltname, `DNS:${NAME}`);
  });
});

test("an authority that finds nobody is quoted, the server goes on, and is asked again at SIGHUP", async () => {
  const [tlsPort, httpPort] = await Promise.all([freePort("tcp"), freePort("tcp")]);
  await served({ validity: YEAR, tlsPort, httpPort, waits: false }, async ({ server, authority, ports }) => {
    const said = await until("the failure is logged", () => server.log.find((line) => line.includes("did not find this server")), 60_000);
    assert.match(said, /tls-alpn-01: Failed to connect .*http-01: .*refused/);
    assert.match(said, /port 443 or 80 must be open/);
    assert.equal((await server.request("GET", "/users/profile")).status, 401, "it serves nonetheless");
    // Somebody opens the port.
    const way = net.createServer((from) => {
      const to = net.connect(ports.https, "127.0.0.1");
      // Whoever hangs up first may leave the other with something to say.
      for (const end of [from, to]) end.on("error", () => [from, to].forEach((socket) => socket.destroy()));
      from.pipe(to).pipe(from);
    });
    way.listen(tlsPort, "127.0.0.1");
    server.process.kill("SIGHUP");
    await until("the certificate is there", () => certificate(ports.https, authority.root).catch(() => null), 30_000);
    way.close();
  });
});

test("a certificate is renewed before it expires, and one that cannot be renewed stays with a warning", async () => {
  await served({ validity: 12 }, async ({ server, ports, authority }) => {
    const first = await certificate(ports.https, authority.root);
    const open = tls.connect({ port: ports.https, host: "127.0.0.1", servername: NAME, ca: authority.root });
    const second = await until(
      "another certificate is served",
      async () => {
        const now = await certificate(ports.https, authority.root);
        return now.serialNumber !== first.serialNumber && now;
      },
      20_000,
    );
    assert.equal(open.closed, false, "who is connected stays connected");
    open.destroy();
    authority.kill();
    await until("a warning", () => server.log.find((line) => line.includes("cannot be renewed")), 20_000);
    const counted = await (await fetch(`http://${server.settings["metrics.listen"]}/metrics`)).text();
    assert.match(counted, /zvonilka_certificate_renewal_failing 1/);
    assert.match(counted, /zvonilka_certificate_expires_timestamp_seconds 1\d{9}/);
    const stays = await certificate(ports.https, authority.root, { rejectUnauthorized: false });
    assert.equal(stays.serialNumber, second.serialNumber);
  });
});

test("files of one's own are read again at SIGHUP, and damaged ones are not served", async () => {
  const server = await Server.start({ "http.trusted_proxies": "127.0.0.1", ...(await files()) });
  const port = Number(server.settings["https.listen"].split(":")[1]);
  const [chain, key] = [server.settings["tls.certificate_file"], server.settings["tls.key_file"]];
  const serial = async () => (await certificate(port, undefined, { rejectUnauthorized: false })).serialNumber;
  try {
    const first = await serial();
    await make(chain, key);
    server.process.kill("SIGHUP");
    const second = await until("the new one is served", async () => (await serial()) !== first && serial());
    await fs.writeFile(chain, "damaged");
    server.process.kill("SIGHUP");
    await until("a warning", () => server.log.find((line) => line.includes("cannot read the certificate again")));
    assert.equal(await serial(), second);
  } finally {
    await server.stop();
    await fs.rm(path.dirname(chain), { recursive: true });
  }
});

test("a settings file that changed is named at SIGHUP, and what is logged changes at once", async () => {
  const server = await Server.start();
  try {
    const file = path.join(server.dir, "zvonilka.toml");
    await fs.writeFile(file, "[log]\nfilter = 'info'\n");
    await server.end();
    server.process = null;
    server.flags = ["--config", file];
    await server.launch();
    await fs.writeFile(file, "[log]\nfilter = 'debug'\n[calls]\nring_timeout = '20s'\n");
    server.process.kill("SIGHUP");
    await until("it is named", () => server.log.find((line) => line.includes("calls.ring_timeout") && line.includes("next start")));
    await server.request("GET", "/users/profile");
    await until("requests are logged", () => server.log.find((line) => line.includes("DEBUG")));
    await fs.writeFile(file, "[log]\nfilter = 'debug'\n[calls]\nring_timeout = 'soon'\n");
    server.process.kill("SIGHUP");
    await until("the fault is told", () => server.log.find((line) => line.includes("those before stay")));
    assert.ok(server.log.some((line) => line.includes('calls.ring_timeout = "soon"')));
    assert.equal((await server.request("GET", "/users/profile")).status, 401);
  } finally {
    await server.stop();
  }
});

/** A server under a domain whose certificate comes from an authority of its own. */
async function served({ validity, tlsPort, httpPort, waits = true }, use) {
  const ports = { https: await freePort("both"), redirect: await freePort("tcp"), turns: await freePort("tcp") };
  const authority = await Authority.start({ tlsPort: tlsPort ?? ports.https, httpPort: httpPort ?? ports.redirect, validity });
  let server;
  try {
    server = await Server.start({
      domain: NAME,
      "https.listen": `127.0.0.1:${ports.https}`,
      "https.redirect_listen": `127.0.0.1:${ports.redirect}`,
      "turn.tls_listen": `127.0.0.1:${ports.turns}`,
      "acme.directory": authority.directory,
      "acme.root_file": authority.rootFile,
      "acme.email": "admin@example.org",
      "auth.first_invite": "secret_invite",
      "metrics.listen": `127.0.0.1:${await freePort("tcp")}`,
    });
    if (waits) await until("there is a certificate", () => certificate(ports.https, authority.root).catch(() => null), 30_000);
    await use({ server, ports, authority });
  } finally {
    await server?.stop();
    await authority.stop();
  }
}

function certificate(port, ca, options) {
  return new Promise((done, fail) => {
    const socket = tls.connect({ port, host: "127.0.0.1", servername: NAME, ca, ...options }, () => {
      done(socket.getPeerCertificate());
      socket.destroy();
    });
    socket.on("error", fail);
  });
}

function get(port, ca, route, headers) {
  return new Promise((done, fail) => {
    const request = https.get({ port, host: "127.0.0.1", servername: NAME, ca, path: route, headers, agent: false }, (answer) => {
      answer.resume().on("end", () => done({ status: answer.statusCode, headers: answer.headers }));
    });
    request.on("error", fail);
  });
}

function clear(port, route, host = NAME) {
  return new Promise((done, fail) => {
    const request = http.get({ port, host: "127.0.0.1", path: route, headers: { host }, agent: false }, (answer) => {
      answer.resume().on("end", () => done({ status: answer.statusCode, headers: answer.headers }));
    });
    request.on("error", fail);
  });
}

async function overHttp2(port, ca) {
  const session = http2.connect(`https://${NAME}:${port}`, { ca, host: "127.0.0.1", lookup: (_, options, done) => local(options, done) });
  try {
    const status = await new Promise((done, fail) => {
      session.on("error", fail);
      const stream = session.request({ ":path": "/users/profile" });
      stream.on("response", (headers) => done(headers[":status"])).on("error", fail);
      stream.resume().end();
    });
    return { status, webSockets: session.remoteSettings.enableConnectProtocol };
  } finally {
    session.close();
  }
}

const local = (options, done) => (options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4));

async function socket(server, port, ca) {
  const { token } = await server.person("anna");
  const agent = new https.Agent({ ca, servername: NAME });
  const client = io(`https://127.0.0.1:${port}`, { transports: ["websocket"], auth: { token }, agent, reconnection: false });
  try {
    await new Promise((done, fail) => client.on("connect", done).on("connect_error", fail));
  } finally {
    client.close();
  }
}

function turn(port, ca) {
  return new Promise((done, fail) => {
    const client = tls.connect({ port, host: "127.0.0.1", servername: NAME, ca }, () => {
      client.write(Buffer.concat([Buffer.from("000100002112a442", "hex"), Buffer.alloc(12, 7)]));
    });
    client.once("data", (answer) => {
      done([...answer.subarray(0, 2)]);
      client.destroy();
    });
    client.on("error", fail);
  });
}

async function files() {
  const folder = await fs.mkdtemp("/tmp/zvonilka-files-");
  const [chain, key] = [path.join(folder, "chain.pem"), path.join(folder, "key.pem")];
  await make(chain, key);
  return { "tls.certificate_file": chain, "tls.key_file": key, "https.listen": `127.0.0.1:${await freePort("both")}` };
}

async function make(chain, key) {
  const options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", `/CN=${NAME}`];
  await promisify(execFile)("openssl", ["req", "-x509", ...options, "-keyout", key, "-out", chain]);
}
