// Chromium with one context for each person, and what a person does on the pages.
import { chromium } from "playwright-core";
import { execFileSync } from "node:child_process";
import { INVITE } from "../support/server.mjs";
import { instruments } from "./instruments.mjs";

const LOOPBACK = "--allow-loopback-in-peer-connection";
export const ARGS = [
  "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
  "--autoplay-policy=no-user-gesture-required", LOOPBACK,
];

const launching = () => ({ executablePath: executable(), headless: true, chromiumSandbox: false, args: ARGS, timeout: 120_000 });

/** `executablePath` makes another program out of the one that is here; `args` are added; `home` has what it trusts; without `loopback` calls do not use it. */
export async function openBrowser({ executablePath = (own) => own, args = [], home = process.env.HOME, loopback = true } = {}) {
  const usual = launching();
  const given = [...usual.args.filter((arg) => loopback || arg !== LOOPBACK), ...args];
  return chromium.launch({ ...usual, executablePath: await executablePath(usual.executablePath), args: given, env: { ...process.env, HOME: home } });
}

/** A browser whose `kill` ends it as a power cut does: no page says goodbye. */
export async function openMortalBrowser() {
  const server = await chromium.launchServer(launching());
  const browser = await chromium.connect(server.wsEndpoint());
  return Object.assign(browser, { kill: () => server.kill() });
}

export function executable() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    try {
      return execFileSync("which", [name], { encoding: "utf8" }).trim();
    } catch {
      // The next name is tried.
    }
  }
  throw new Error("Chromium is missing: `make test` installs it");
}

/** One person at one device. */
export class Person {
  /** `media`: the tone that this person's microphone gives, in Hz, and the colour of the camera's picture. `screen`: what Playwright takes of it. */
  static async at(browser, server, username, media = { hz: 440, colour: [0, 160, 0] }, screen = { viewport: { width: 1280, height: 800 } }) {
    const person = new Person();
    Object.assign(person, { server, username, password: "correct horse", foreign: [], errors: [] });
    person.context = await browser.newContext({
      baseURL: server.url, locale: "ru-RU", permissions: ["camera", "microphone"], ...screen,
    });
    await person.context.addInitScript(instruments, media);
    person.page = await person.context.newPage();
    person.page.setDefaultTimeout(15_000);
    person.page.on("request", (request) => {
      const { protocol, host } = new URL(request.url());
      if (/^(https?|wss?):$/.test(protocol) && host !== new URL(server.url).host) person.foreign.push(request.url());
    });
    person.page.on("pageerror", (error) => person.errors.push(error.stack ?? String(error)));
    return person;
  }

  get(id) {
    return this.page.getByTestId(id);
  }

  async register() {
    await this.page.goto(`/join/${INVITE}`);
    await this.get("join-name").fill(this.username);
    await this.get("join-password").fill(this.password);
    await this.get("join-submit").click();
    await this.chatList();
  }

  /** Signs in; returns the milliseconds from the click until the chat list is there. */
  async signIn() {
    await this.page.goto("/");
    await this.get("login-name").fill(this.username);
    await this.get("login-password").fill(this.password);
    const from = performance.now();
    await this.get("login-submit").click();
    await this.chatList();
    return performance.now() - from;
  }

  async chatList() {
    await this.page.locator('[data-testid^="chat-row-"]').first().waitFor();
  }

  async openChat(name) {
    await this.page.locator('[data-testid^="chat-row-"]').filter({ hasText: name }).first().click();
    await this.get("composer").waitFor();
  }

  async write(text) {
    await this.get("composer").fill(text);
    await this.get("send").click();
  }

  message(text) {
    return this.get("message").filter({ hasText: text });
  }

  /** The texts of the open chat in the order of the screen. */
  async texts() {
    return this.get("message").evaluateAll((rows) => rows.map((row) => row.textContent ?? ""));
  }
}
