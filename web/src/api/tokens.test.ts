import { describe, expect, it } from "vitest";
import { ApiError } from "./failure";
import { createTokens, type StoredSession, type TokenStorage } from "./tokens";
import type { TokenPair } from "./wire";

const USER = { id: "anna", username: "Анна", isAdmin: false };
const pair = (n: number): TokenPair => ({
  access_token: `access ${n}`,
  refresh_token: `refresh ${n}`,
  expires_in: 900,
  refresh_expires_in: 2_592_000,
  user: USER,
});

/** One browser: storage and a lock that its tabs share, a clock, a server that rotates. */
class Browser {
  stored: StoredSession | null = null;
  now = 0;
  asked: string[] = [];
  answer: (token: string) => Promise<TokenPair> = () => Promise.reject(new Error("not asked for"));
  private readonly heard = new Set<() => void>();
  private last: Promise<unknown> = Promise.resolve();
  private timers: { at: number; task: () => void }[] = [];

  tab() {
    let mine: () => void = () => {};
    const storage: TokenStorage = {
      read: () => this.stored,
      write: (session) => {
        this.stored = session;
        // A browser tells the other tabs, not the one that wrote.
        for (const tell of this.heard) if (tell !== mine) tell();
      },
      listen: (tell) => {
        mine = tell;
        this.heard.add(tell);
        return () => this.heard.delete(tell);
      },
    };
    return createTokens({
      storage,
      exclusive: (task) => {
        const run = this.last.then(task, task);
        this.last = run.catch(() => undefined);
        return run;
      },
      refresh: (token) => {
        this.asked.push(token);
        return this.answer(token);
      },
      now: () => this.now,
      after: (ms, task) => {
        const timer = { at: this.now + ms, task };
        this.timers.push(timer);
        return () => void (this.timers = this.timers.filter((each) => each !== timer));
      },
    });
  }

  async pass(seconds: number): Promise<void> {
    this.now += seconds * 1000;
    const due = this.timers.filter((timer) => timer.at <= this.now);
    this.timers = this.timers.filter((timer) => timer.at > this.now);
    for (const timer of due) timer.task();
    for (let i = 0; i < 20; i += 1) await Promise.resolve();
  }
}

describe("the tokens of a browser", () => {
  it("are renewed before they expire, without being asked", async () => {
    const browser = new Browser();
    const tokens = browser.tab();
    tokens.accept(pair(1));
    browser.answer = () => Promise.resolve(pair(2));
    await browser.pass(830);
    expect(browser.asked).toEqual([]);
    await browser.pass(20);
    expect(browser.asked).toEqual(["refresh 1"]);
    expect(await tokens.fresh()).toBe("access 2");
  });

  it("are renewed once when several requests are refused together", async () => {
    const browser = new Browser();
    const tokens = browser.tab();
    tokens.accept(pair(1));
    browser.answer = () => Promise.resolve(pair(2));
    const got = await Promise.all([tokens.renew("access 1"), tokens.renew("access 1"), tokens.renew("access 1")]);
    expect(got).toEqual(["access 2", "access 2", "access 2"]);
    expect(browser.asked).toEqual(["refresh 1"]);
  });

  it("are renewed by one tab alone, and the others hear of it", async () => {
    const browser = new Browser();
    const first = browser.tab();
    first.accept(pair(1));
    const second = browser.tab();
    browser.answer = () => Promise.resolve(pair(2));
    const got = await Promise.all([first.renew("access 1"), second.renew("access 1")]);
    expect(got).toEqual(["access 2", "access 2"]);
    expect(browser.asked).toEqual(["refresh 1"]);
    expect(second.session()?.refresh).toBe("refresh 2");
  });

  it("outlive an answer that got lost: the old refresh token is tried again", async () => {
    const browser = new Browser();
    const tokens = browser.tab();
    tokens.accept(pair(1));
    browser.answer = () => Promise.reject(new ApiError("network", 0));
    await expect(tokens.renew("access 1")).rejects.toThrow("network");
    expect(browser.stored?.refresh).toBe("refresh 1");
    browser.answer = () => Promise.resolve(pair(2));
    expect(await tokens.renew("access 1")).toBe("access 2");
    expect(browser.asked).toEqual(["refresh 1", "refresh 1"]);
  });

  it("serve with the old one while no refresh is possible", async () => {
    const browser = new Browser();
    const tokens = browser.tab();
    tokens.accept(pair(1));
    browser.answer = () => Promise.reject(new ApiError("network", 0));
    await browser.pass(2000);
    expect(await tokens.fresh()).toBe("access 1");
  });

  it("are forgotten in every tab when the session has ended", async () => {
    const browser = new Browser();
    const first = browser.tab();
    first.accept(pair(1));
    const second = browser.tab();
    const heard: (StoredSession | null)[] = [];
    second.listen((session) => heard.push(session));
    browser.answer = () => Promise.reject(new ApiError("session.revoked", 401));
    expect(await first.renew("access 1")).toBeNull();
    expect(browser.stored).toBeNull();
    expect(heard).toEqual([null]);
  });

  it("do not trust the age of what was found in storage", async () => {
    const browser = new Browser();
    browser.stored = { access: "access 1", refresh: "refresh 1", expiresIn: 900, user: USER };
    const tokens = browser.tab();
    browser.answer = () => Promise.resolve(pair(2));
    expect(await tokens.fresh()).toBe("access 1");
    await browser.pass(21);
    expect(browser.asked).toEqual(["refresh 1"]);
    expect(await tokens.fresh()).toBe("access 2");
  });
});
