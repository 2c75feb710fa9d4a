// For tests: a device in a group call, and the server it talks to.

import { ApiError } from "../../api/failure";
import type { GroupCall, GroupEvents, GroupParticipant, GroupRequests } from "../../api/group";
import type { Link } from "../../api/socket";
import { fakeWitness } from "../fakeWitness";
import type { Handover } from "../local";
import { createGroupControl, type GroupMedia } from "./control";
import { FakeConnection, FakeTrack, settle } from "./fakes";
import type { GroupPhase } from "./phase";
import { NO_SCENE, type GroupScene } from "./scene";

export const CALL = "call-1";
export const CHAT = "chat";

export const person = (name: string, joining: number): GroupParticipant => ({
  participantId: `${name}-${joining}`,
  userId: name,
  username: name,
  joinedAt: "2026-01-01T00:00:00.000Z",
  state: "connected",
  muted: false,
  mutedBy: null,
  camera: false,
  screen: false,
});

/** A device, and the server it talks to. */
export class Device {
  phase: GroupPhase = { kind: "idle" };
  media: GroupMedia | null = null;
  scene: GroupScene = NO_SCENE;
  link: Link = "up";
  requests: { name: string; payload: Record<string, unknown> }[] = [];
  connections: FakeConnection[] = [];
  tracks: FakeTrack[] = [];
  refusals: Partial<Record<keyof GroupRequests, ApiError>> = {};
  holds = true;
  /** The call goes on before this device starts it. */
  isLiving = false;
  version = 1;
  participants: GroupParticipant[] = [];
  given: Handover | null = null;
  privateCall = "goes on";
  privateId: string | null = CALL;
  private joinings = 0;
  private timers: { at: number; task: () => void }[] = [];
  private time = 0;
  private readonly held = new Map<string, Promise<void>>();
  private readonly heard = new Map<string, (payload: never) => void>();
  private onLink: (link: Link) => void = () => {};

  readonly control = createGroupControl({
    witness: fakeWitness(),
    api: { rtcConfig: () => Promise.resolve({ iceServers: [] }) },
    channel: {
      on: (name, heard) => {
        this.heard.set(name, heard as never);
        return () => this.heard.delete(name);
      },
      onLink: (heard) => {
        this.onLink = heard;
        return () => {};
      },
      link: () => this.link,
      // As a socket does: one that gives no answer in time is dead.
      request: (name, payload, within = 8_000) =>
        new Promise((resolve, reject) => {
          const cancel = this.after(within, () => {
            reject(new ApiError("network", 0));
            this.setLink("down");
          });
          this.answer(name as keyof GroupRequests, payload as never)
            .then(async (answer) => {
              await this.held.get(name);
              resolve(answer as never);
            })
            .catch(reject)
            .finally(cancel);
        }),
      tell: (name, payload) => void this.requests.push({ name: `told ${name}`, payload: payload as never }),
    },
    devices: {
      open: (camera) => Promise.resolve({ microphone: this.track("audio"), camera: camera ? this.track("video") : null }),
      microphone: () => Promise.resolve(this.track("audio")),
      camera: () => Promise.resolve(this.track("video")),
      screen: () => Promise.resolve({ picture: this.track("video"), sound: this.track("audio") }),
      canShare: () => true,
      list: () => Promise.resolve([]),
      chosen: () => ({ microphone: null, camera: null, speaker: null }),
      choose: () => {},
      onChosen: () => () => {},
      onListed: () => () => {},
    },
    createConnection: () => {
      const made = new FakeConnection();
      this.connections.push(made);
      return made.as();
    },
    codecs: () => [],
    me: "me",
    now: () => this.time,
    after: (ms, task) => this.after(ms, task),
    privateCall: {
      id: () => this.privateId,
      handOver: () => this.given,
      drop: () => void (this.privateCall = "dropped"),
      hangUp: () => void (this.privateCall = "ended"),
    },
    onPhase: (phase) => void (this.phase = phase),
    onMedia: (media) => void (this.media = media),
    onScene: (scene) => void (this.scene = scene),
    onCall: () => {},
  });

  get call(): GroupCall {
    return {
      id: CALL,
      chatId: CHAT,
      type: "voice",
      startedBy: "me",
      startedAt: "2026-01-01T00:00:00.000Z",
      locked: false,
      version: this.version,
      ringing: [],
      participants: this.participants,
    };
  }

  get names(): string[] {
    return this.requests.map(({ name }) => name);
  }

  get connection(): FakeConnection {
    const last = this.connections.at(-1);
    if (!last) throw new Error("no connection was made");
    return last;
  }

  payload(name: string): Record<string, unknown> {
    const found = this.requests.filter((each) => each.name === name).at(-1);
    if (!found) throw new Error(`${name} was not sent`);
    return found.payload;
  }

  hear<Name extends keyof GroupEvents>(name: Name, payload: Parameters<GroupEvents[Name]>[0]): void {
    this.heard.get(name)?.(payload as never);
  }

  tellCall(change: (participants: GroupParticipant[]) => GroupParticipant[]): void {
    this.participants = change(this.participants);
    this.version += 1;
    this.hear("group_call", { call: this.call });
  }

  setLink(link: Link): void {
    this.link = link;
    this.onLink(link);
  }

  async pass(ms: number): Promise<void> {
    this.time += ms;
    const due = this.timers.filter((timer) => timer.at <= this.time);
    this.timers = this.timers.filter((timer) => timer.at > this.time);
    for (const timer of due) timer.task();
    await settle();
  }

  async join(type: "voice" | "video" = "voice"): Promise<void> {
    this.control.start(CHAT, type);
    await settle();
    this.connection.goes("connected");
  }

  after(ms: number, task: () => void): () => void {
    const timer = { at: this.time + ms, task };
    this.timers.push(timer);
    return () => void (this.timers = this.timers.filter((each) => each !== timer));
  }

  /** The server was killed, and is there again. */
  async killServer(): Promise<void> {
    this.holds = false;
    this.participants = [];
    this.version = 1;
    this.setLink("down");
    this.setLink("up");
    await settle();
  }

  /** Answers of this name wait until the returned function is called. */
  hold(name: keyof GroupRequests): () => void {
    let free!: () => void;
    this.held.set(name, new Promise((resolve) => (free = resolve)));
    return () => {
      this.held.delete(name);
      free();
    };
  }

  track(kind: "audio" | "video"): MediaStreamTrack {
    const made = new FakeTrack(kind, `${kind} ${this.tracks.length}`);
    this.tracks.push(made);
    return made.as();
  }

  private answer(name: keyof GroupRequests, payload: Record<string, unknown>): Promise<unknown> {
    if (this.link !== "up") return Promise.reject(new ApiError("network", 0));
    this.requests.push({ name, payload });
    const refusal = this.refusals[name];
    if (refusal) return Promise.reject(refusal);
    const sdp = { type: "answer", sdp: "the server's answer" };
    const tracks = (payload["tracks"] ?? []) as { mid: string }[];
    const publications = tracks.map(({ mid }) => ({ mid, publication: Number(mid) }));
    switch (name) {
      case "group_start":
        return Promise.resolve({ call: this.call, started: !this.isLiving });
      case "group_join": {
        this.joinings += 1;
        this.holds = true;
        this.participants = [...this.participants.filter((each) => each.userId !== "me"), person("me", this.joinings)];
        return Promise.resolve({ participantId: `me-${this.joinings}`, sdp, publications, call: this.call });
      }
      case "group_offer":
        return Promise.resolve({ sdp, publications });
      case "group_resume":
        return Promise.resolve({ resumed: this.holds, call: this.call });
      default:
        return Promise.resolve({ call: this.call });
    }
  }
}
