// Chromium and Firefox hear each other through the relay, whichever way each of them reaches it: UDP, TCP, TLS. Nothing but the relay is
// between them: each has one TURN URL and uses relayed candidates alone.
import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs/promises";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { certificates, trust, trustAtHome } from "../support/authority.mjs";
import { Server, freePort, until } from "../support/server.mjs";
import { ARGS, executable } from "./browser.mjs";
import { openFirefox as launchFirefox } from "./firefox.mjs";
import { instruments } from "./instruments.mjs";

let server, pages, chrome, fox, dir, credentials;
before(async () => {
  dir = await fs.mkdtemp(path.join(os.tmpdir(), "zvonilka-relay-"));
  const { certificate, key, authority } = await certificates(dir, "localhost");
  const tlsPort = await freePort("tcp");
  server = await Server.start({
    "turn.tls_listen": `127.0.0.1:${tlsPort}`, "tls.certificate_file": certificate, "tls.key_file": key,
  });
  server.tlsPort = tlsPort;
  credentials = await Promise.all(["anna", "boris"].map(async (name) => {
    const { token } = await server.person(name);
    const { iceServers } = await server.ok("GET", "/calls/webrtc-config", { token });
    return iceServers.find(({ username }) => username);
  }));
  pages = http.createServer((_, answer) => answer.setHeader("content-type", "text/html").end("<!doctype html><title>peer</title>"));
  pages.listen(0, "127.0.0.1");
  await once(pages, "listening");
  const url = `http://127.0.0.1:${pages.address().port}/`;
  [chrome, fox] = await Promise.all([openChromium(url, authority), openFirefox(url, authority)]);
});
after(async () => {
  await Promise.allSettled([chrome?.close(), fox?.close()]);
  pages?.close();
  await server?.stop();
  await fs.rm(dir, { recursive: true, force: true, maxRetries: 5 });
});

for (const way of ["udp", "tcp", "tls"]) {
  test(`Chromium and Firefox hear each other when both reach the relay over ${way.toUpperCase()}`, () => call(way, way));
}

test("one over TLS and one over UDP hear each other", () => call("tls", "udp"));

async function call(ofChrome, ofFox) {
  await Promise.all([chrome.open(urlOf(ofChrome), credentials[0]), fox.open(urlOf(ofFox), credentials[1])]);
  const offer = await chrome.describe("createOffer");
  await fox.hear(offer);
  await chrome.hear(await fox.describe("createAnswer"));
  for (const [peer, way, hz] of [[chrome, ofChrome, 1000], [fox, ofFox, 440]]) {
    await until(`${peer.name} is connected`, async () => (await peer.run("state")) === "connected", 20_000);
    const { local, remote } = await peer.run("stats");
    for (const end of [local, remote]) assert.equal(end.candidateType, "relay", JSON.stringify({ local, remote }));
    assert.equal(local.relayProtocol, way, JSON.stringify(local));
    const heard = await peer.run("hear");
    assert.ok(Math.abs(heard.hz - hz) < 15 && heard.rms > 0.01, `${peer.name} hears ${JSON.stringify(heard)}, sent were ${hz} Hz`);
  }
  await Promise.all([chrome.run("end"), fox.run("end")]);
}

function urlOf(way) {
  if (way === "tls") return `turns:localhost:${server.tlsPort}?transport=tcp`;
  return `turn:127.0.0.1:${server.turnPort}?transport=${way}`;
}

/** A page in one of the browsers; `page.evaluate` is all that is asked of the drivers. */
class Peer {
  constructor(name, page, close) {
    Object.assign(this, { name, page, close });
  }

  run(what, argument) {
    return this.page.evaluate(([what, argument]) => window.zvonilkaTest[what](argument), [what, argument]);
  }

  open(url, { username, credential }) {
    return this.run("open", { iceServers: [{ urls: [url], username, credential }], iceTransportPolicy: "relay" });
  }

  describe(kind) {
    return this.run("describe", kind);
  }

  hear(description) {
    return this.run("take", description);
  }
}

/** What the page needs besides the instruments to hold one end of a call. Runs in the page. */
function telephone() {
  const test = window.zvonilkaTest;
  let peer;
  Object.assign(test, {
    async open(configuration) {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      peer = new RTCPeerConnection(configuration);
      window.zvonilkaCall = { peer };
      // Chromium gives no sound to an analyser unless an element plays the track.
      const player = new Audio();
      peer.ontrack = ({ track }) => {
        player.srcObject = new MediaStream([track]);
        void player.play();
      };
      for (const track of stream.getTracks()) peer.addTrack(track, stream);
    },
    /** The description with all its candidates. */
    async describe(kind) {
      await peer.setLocalDescription(await peer[kind]());
      const deadline = performance.now() + 15_000;
      while (peer.iceGatheringState !== "complete" && performance.now() < deadline) await new Promise((done) => setTimeout(done, 20));
      const { type, sdp } = peer.localDescription;
      if (!sdp.includes("typ relay")) throw new Error(`no relayed candidate within 15 s (${peer.iceGatheringState})`);
      return { type, sdp };
    },
    take: (description) => peer.setRemoteDescription(description),
    state: () => peer.connectionState,
    end: () => peer.close(),
  });
}

async function openChromium(url, authority) {
  const home = path.join(dir, "chromium");
  await trustAtHome(home, authority);
  const context = await chromium.launchPersistentContext(path.join(home, "profile"), {
    executablePath: executable(), headless: true, chromiumSandbox: false, args: ARGS, timeout: 120_000, permissions: ["microphone"],
    env: { ...process.env, HOME: home },
  });
  const page = context.pages()[0] ?? (await context.newPage());
  await page.addInitScript(instruments, { hz: 440, colour: [0, 160, 0] });
  await page.addInitScript(telephone);
  await page.goto(url);
  return new Peer("Chromium", page, () => context.close());
}

async function openFirefox(url, authority) {
  const profile = path.join(dir, "firefox");
  await trust(profile, authority);
  const browser = await launchFirefox(profile);
  const page = await browser.newPage();
  await page.evaluateOnNewDocument(instruments, { hz: 1000, colour: [0, 160, 0] });
  await page.evaluateOnNewDocument(telephone);
  await page.goto(url);
  return new Peer("Firefox", page, () => browser.close());
}
