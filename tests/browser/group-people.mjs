// People of a group call, each in a browser of the test's choice, and what they do there. The drivers differ; what a person does does not.
import { Person } from "./browser.mjs";
import { instruments } from "./instruments.mjs";
import { INVITE, until } from "../support/server.mjs";

/** Painting is most of what a page costs here, and four of them share the machine: small ones leave it time for the call. */
const VIEWPORT = { width: 900, height: 560 };

const of = (id) => `[data-testid="${id}"]`;

/** What a person does on the pages of a group call, over a driver with `click`, `fill`, `wait`, `gone`, `count`, `attributes` and `evaluate`. */
class Member {
  /** Opens the family chat and calls everybody in it. */
  async call(kind) {
    await this.click(`group-call-${kind}`);
    await this.click("green-join");
    await this.wait("group-stage");
  }

  async answer() {
    await this.click("group-answer");
    await this.wait("group-stage");
  }

  /** Joins the call that goes on in the open chat. */
  async join() {
    await this.click("live-join");
    await this.click("green-join");
    await this.wait("group-stage");
  }

  async leave() {
    await this.click("group-leave");
    await this.gone("group-stage");
  }

  measure(what, ...argument) {
    return this.evaluate(([what, argument]) => window.zvonilkaTest[what](...argument), [what, argument]);
  }

  /** The tiles on the screen, by name. */
  async tiles() {
    const all = await this.attributes("group-tile", ["data-user", "data-state", "data-muted", "data-speaking", "data-camera"]);
    return new Map(all.map((each) => [each["data-user"], each]));
  }

  async sees(...names) {
    await until(`${this.username} has tiles of ${names}`, async () => {
      const tiles = await this.tiles();
      return names.every((name) => tiles.has(name));
    }, 20_000);
  }

  /** Waits until `other`'s tone arrives here and nothing else in its place. */
  async hears(other, timeout = 20_000) {
    const heard = await until(`${this.username} hears ${other.username}`, async () => {
      const heard = await this.measure("hearOf", other.username);
      return heard && heard.rms > 0.01 && Math.abs(heard.hz - other.media.hz) < 15 && heard;
    }, timeout);
    return heard;
  }

  /** Waits until the page itself plays `count` voices. */
  async plays(count) {
    await until(`${this.username}'s page plays ${count} voices`, async () => (await this.measure("voices")) >= count, 20_000);
  }

  /** Waits until the page itself has a frame of `other`'s picture. */
  async shows(other, source) {
    const isShown = async () => ((await this.measure("readinessOf", other.username, source)) ?? 0) >= 2;
    await until(`${this.username}'s page shows ${other.username}`, isShown, 20_000);
  }

  /** Waits until `other`'s colour arrives here, as a picture that moves. */
  async views(other, timeout = 20_000) {
    let seen;
    const sees = async () => {
      seen = await this.measure("seeOf", other.username);
      const near = seen?.colour.every((channel, at) => Math.abs(channel - other.media.colour[at]) < 60);
      return near && seen.frames >= 3 && seen;
    };
    return until(`${this.username} sees ${other.username}`, sees, timeout).catch(async (error) => {
      const tile = (await this.tiles()).get(other.username);
      throw new Error(`${error.message}: ${JSON.stringify({ seen, tile, picture: await this.measure("pictureOf", other.username) })}`);
    });
  }
}

/** Somebody at Chromium. */
export class Chromium extends Member {
  static async register(browser, server, username, media, viewport = VIEWPORT) {
    const member = await this.#at(browser, server, username, media, viewport);
    await member.person.register();
    await member.person.openChat("Семейный");
    return member;
  }

  /** Somebody who has registered already, at another device. */
  static async signIn(browser, server, username, media) {
    const member = await this.#at(browser, server, username, media, VIEWPORT);
    await member.person.signIn();
    await member.person.openChat("Семейный");
    return member;
  }

  static async #at(browser, server, username, media, viewport) {
    const member = new this();
    const person = await Person.at(browser, server, username, media, { viewport, reducedMotion: "reduce" });
    return Object.assign(member, { person, page: person.page, username, media, errors: person.errors, foreign: person.foreign });
  }

  openChat(name) {
    return this.person.openChat(name);
  }

  write(text) {
    return this.person.write(text);
  }

  texts() {
    return this.person.texts();
  }

  close() {
    return this.person.context.close();
  }

  click(id) {
    return this.page.getByTestId(id).first().click();
  }

  wait(id) {
    return this.page.getByTestId(id).first().waitFor();
  }

  gone(id) {
    return this.page.getByTestId(id).first().waitFor({ state: "detached" });
  }

  count(id) {
    return this.page.getByTestId(id).count();
  }

  attributes(id, names) {
    return this.page.getByTestId(id).evaluateAll(
      (all, names) => all.map((each) => Object.fromEntries(names.map((name) => [name, each.getAttribute(name)]))), names);
  }

  evaluate(run, argument) {
    return this.page.evaluate(run, argument);
  }
}

/** Somebody at Firefox. */
export class Firefox extends Member {
  static async register(browser, server, username, media) {
    const member = new this();
    Object.assign(member, { username, media, errors: [], foreign: [] });
    const page = await browser.newPage();
    member.page = page;
    page.setDefaultTimeout(30_000);
    // Firefox counts a server that is not there for an error of the page.
    page.on("pageerror", (error) => /establish a connection to the server/.test(error) || member.errors.push(String(error)));
    await page.setViewport(VIEWPORT);
    await page.evaluateOnNewDocument(instruments, media);
    await page.goto(`${server.url}/join/${INVITE}`);
    await page.locator(of("join-name")).fill(username);
    await page.locator(of("join-password")).fill("correct horse");
    await member.click("join-submit");
    await page.locator('[data-testid^="chat-row-"]').click();
    await member.wait("composer");
    return member;
  }

  async write(text) {
    await this.page.locator(of("composer")).fill(text);
    await this.click("send");
  }

  texts() {
    return this.page.$$eval(of("message"), (rows) => rows.map((row) => row.textContent ?? ""));
  }

  close() {
    return this.page.close();
  }

  click(id) {
    return this.page.locator(of(id)).click();
  }

  wait(id) {
    return this.page.waitForSelector(of(id));
  }

  gone(id) {
    return this.page.waitForSelector(of(id), { hidden: true });
  }

  count(id) {
    return this.page.$$eval(of(id), (all) => all.length);
  }

  attributes(id, names) {
    return this.page.$$eval(of(id), (all, names) => all.map((each) => Object.fromEntries(names.map((name) => [name, each.getAttribute(name)]))), names);
  }

  evaluate(run, argument) {
    return this.page.evaluate(run, argument);
  }
}
