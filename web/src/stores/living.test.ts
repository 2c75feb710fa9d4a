import { createRoot } from "solid-js";
import { afterEach, describe, expect, it } from "vitest";
import type { GroupCall, GroupEvents } from "../api/group";
import type { Link } from "../api/socket";
import { createLivingCalls, type LivingCalls } from "./living";

const ME = "me";
const ANNA = { id: "anna", username: "Анна" };
const call = (id: string, version: number, ringing: readonly string[] = [ME], chatId = `chat of ${id}`): GroupCall => ({
  id,
  chatId,
  type: "voice",
  startedBy: "anna",
  startedAt: "2026-01-01T00:00:00.000Z",
  locked: false,
  version,
  ringing,
  participants: [],
});

class Server {
  living!: LivingCalls;
  readonly dispose: () => void;
  private readonly heard = new Map<string, (payload: never) => void>();
  private onLink: (link: Link) => void = () => {};
  private timers: { at: number; task: () => void }[] = [];
  private time = 0;

  constructor() {
    this.dispose = createRoot((dispose) => {
      this.living = createLivingCalls({
        me: ME,
        channel: {
          on: (name, heard) => {
            this.heard.set(name, heard as never);
            return () => this.heard.delete(name);
          },
          onLink: (heard) => {
            this.onLink = heard;
            return () => {};
          },
        },
        after: (ms, task) => {
          const timer = { at: this.time + ms, task };
          this.timers.push(timer);
          return () => void (this.timers = this.timers.filter((each) => each !== timer));
        },
      });
      return dispose;
    });
  }

  says<Name extends keyof GroupEvents>(name: Name, payload: Parameters<GroupEvents[Name]>[0]): void {
    this.heard.get(name)?.(payload as never);
  }

  rings(which: GroupCall): void {
    this.says("group_incoming", { call: which, from: ANNA, chatName: "Семья", expiresIn: 45_000 });
  }

  link(link: Link): void {
    this.onLink(link);
  }

  pass(ms: number): void {
    this.time += ms;
    const due = this.timers.filter((timer) => timer.at <= this.time);
    this.timers = this.timers.filter((timer) => timer.at > this.time);
    for (const timer of due) timer.task();
  }

  get ringing(): string[] {
    return this.living.rings().map((ring) => (ring.busy ? `notice of ${ring.call}` : ring.call));
  }

  get calls(): string[] {
    return [...this.living.calls().values()].map((each) => `${each.id} v${each.version}`);
  }
}

describe("the calls of one's chats", () => {
  const servers: Server[] = [];
  const server = (): Server => {
    const made = new Server();
    servers.push(made);
    return made;
  };
  afterEach(() => {
    for (const each of servers.splice(0)) each.dispose();
  });

  it("ring until somebody of this account answers or declines", () => {
    const s = server();
    s.rings(call("1", 1));
    expect(s.ringing).toEqual(["1"]);
    s.says("group_call", { call: call("1", 2, []) });
    expect(s.ringing).toEqual([]);
    expect(s.calls).toEqual(["1 v2"]);
    s.rings(call("2", 1));
    s.says("group_stop_ringing", { callId: "2", why: "declined" });
    expect(s.ringing).toEqual([]);
  });

  it("ring the newest first, and stop by themselves when the server says nothing", () => {
    const s = server();
    s.rings(call("1", 1));
    s.rings(call("2", 1));
    expect(s.ringing).toEqual(["2", "1"]);
    s.pass(60_000);
    expect(s.ringing).toEqual([]);
    expect(s.calls).toHaveLength(2);
  });

  it("are only noticed during another call", () => {
    const s = server();
    s.says("group_notice", { call: call("1", 1, []), from: ANNA, chatName: "Семья" });
    s.says("group_call", { call: call("1", 2, []) });
    expect(s.ringing).toEqual(["notice of 1"]);
    s.pass(20_000);
    expect(s.ringing).toEqual([]);
  });

  it("take no older word for a newer one", () => {
    const s = server();
    s.says("group_call", { call: call("1", 5) });
    s.says("group_call", { call: call("1", 4) });
    expect(s.calls).toEqual(["1 v5"]);
  });

  it("are over when the server names them no more after a loss", () => {
    const s = server();
    s.says("group_call", { call: call("1", 5) });
    s.rings(call("2", 5));
    s.link("down");
    s.link("up");
    s.says("group_call", { call: call("1", 1) });
    s.pass(3_000);
    expect(s.calls).toEqual(["1 v1"]);
    expect(s.ringing).toEqual([]);
  });

  it("ring on through a loss that the call outlives", () => {
    const s = server();
    s.rings(call("1", 5));
    s.link("down");
    s.link("up");
    s.says("group_call", { call: call("1", 6) });
    s.pass(3_000);
    expect(s.ringing).toEqual(["1"]);
  });
});
