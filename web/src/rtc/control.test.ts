import { afterEach, describe, expect, it } from "vitest";
import { ApiError } from "../api/failure";
import type { Link } from "../api/socket";
import type { CallEvents, Person } from "../api/wire";
import type { CallPhase } from "./call";
import { createCallControl, type CallMedia } from "./control";
import { fakeWitness } from "./fakeWitness";
import { MediaError, type OpenDevices } from "./devices";

const ANNA: Person = { id: "anna", username: "Анна" };
const CALL = "call-1";

class Track {
  stopped = false;
  enabled = true;
  onended: (() => void) | null = null;
  constructor(readonly kind: "audio" | "video") {}
  stop(): void {
    this.stopped = true;
  }
}

/** A device before a server: what it asks for is answered by hand or at once. */
class Device {
  phase: CallPhase = { kind: "idle" };
  media: CallMedia | undefined;
  requests: string[] = [];
  tracks: Track[] = [];
  descriptions: string[] = [];
  link: Link = "up";
  refusal: ApiError | null = null;
  status = "answered";
  openDevices: (camera: boolean) => Promise<OpenDevices> = (camera) => Promise.resolve(this.tracksFor(camera));
  private readonly heard = new Map<string, (payload: never) => void>();
  private onLink: (link: Link) => void = () => {};

  readonly control = createCallControl({
    api: {
      initiateCall: () => {
        this.requests.push("initiate");
        return Promise.resolve({ id: CALL } as never);
      },
      rtcConfig: () => Promise.resolve({ iceServers: [] }),
    },
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
      request: (name) => {
        this.requests.push(name);
        return this.refusal
          ? Promise.reject(this.refusal)
          : (Promise.resolve({ call: { endedAt: null, status: this.status }, resendOffer: false }) as never);
      },
      tell: (name) => this.requests.push(`told ${name}`),
    },
    devices: {
      open: (camera) => this.openDevices(camera),
      microphone: async () => (await this.openDevices(false)).microphone,
      camera: () => Promise.resolve(this.tracksFor(true).camera as MediaStreamTrack),
      onChosen: () => () => {},
      onListed: () => () => {},
    },
    createConnection: () => this.connection(),
    witness: fakeWitness(),
    now: () => 0,
    after: () => () => {},
    onPhase: (phase) => void (this.phase = phase),
    onMedia: (media) => void (this.media = media),
  });

  hear<Name extends keyof CallEvents>(name: Name, payload: Parameters<CallEvents[Name]>[0]): void {
    this.heard.get(name)?.(payload as never);
  }

  setLink(link: Link): void {
    this.link = link;
    this.onLink(link);
  }

  tracksFor(camera: boolean): OpenDevices {
    const made = [new Track("audio"), ...(camera ? [new Track("video")] : [])];
    this.tracks.push(...made);
    return { microphone: made[0] as never, camera: (made[1] ?? null) as never };
  }

  private connection(): RTCPeerConnection {
    const fake = {
      signalingState: "stable",
      connectionState: "new",
      localDescription: null as unknown,
      remoteDescription: null as unknown,
      addTransceiver: () => queueMicrotask(() => fake.onnegotiationneeded?.()),
      getTransceivers: () => [],
      onnegotiationneeded: null as (() => void) | null,
      setLocalDescription: () => {
        fake.localDescription = { type: fake.signalingState === "have-remote-offer" ? "answer" : "offer", sdp: "ours" };
        fake.signalingState = fake.signalingState === "have-remote-offer" ? "stable" : "have-local-offer";
        return Promise.resolve();
      },
      setRemoteDescription: (description: { sdp: string }) => {
        this.descriptions.push(description.sdp);
        fake.remoteDescription = description;
        fake.signalingState = "have-remote-offer";
        return Promise.resolve();
      },
      addIceCandidate: ({ candidate }: RTCIceCandidateInit) => {
        this.descriptions.push(candidate ?? "");
        return Promise.resolve();
      },
      close: () => {},
    };
    return fake as never;
  }
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 60; i += 1) await Promise.resolve();
};
const incoming = (device: Device): void =>
  device.hear("incoming_call", { callId: CALL, remoteUserId: ANNA.id, callerName: ANNA.username, callType: "video", expiresIn: 45_000 });

describe("the call of a device", () => {
  const devices: Device[] = [];
  const device = (): Device => {
    const made = new Device();
    devices.push(made);
    return made;
  };
  afterEach(() => {
    for (const each of devices.splice(0)) each.control.close();
  });

  it("asks for the devices, then rings, then offers", async () => {
    const d = device();
    d.control.dial(ANNA, "voice");
    await settle();
    expect(d.requests).toEqual(["initiate", "sdp_offer"]);
    expect(d.phase).toMatchObject({ kind: "calling", call: CALL });
  });

  it("knows on how many devices it rings, even if that was said before the call had an id", async () => {
    const d = device();
    d.control.dial(ANNA, "voice");
    d.hear("call_ringing", { callId: CALL, devices: 2 });
    await settle();
    expect(d.phase).toMatchObject({ kind: "calling", devices: 2 });
  });

  it("lets the microphone go that came after one hung up", async () => {
    const d = device();
    d.control.dial(ANNA, "video");
    d.control.hangUp();
    await settle();
    expect(d.phase).toEqual({ kind: "idle" });
    expect(d.tracks.map((track) => track.stopped)).toEqual([true, true]);
    expect(d.requests).toEqual([]);
  });

  it("uses the offer and the candidates that came while it rang", async () => {
    const d = device();
    incoming(d);
    d.hear("sdp_offer", { callId: CALL, sdp: { type: "offer", sdp: "theirs" }, from: ANNA.id });
    d.hear("ice_candidate", { callId: CALL, candidate: { candidate: "path" }, from: ANNA.id });
    expect(d.descriptions).toEqual([]);
    d.control.answer(true);
    await settle();
    expect(d.descriptions).toEqual(["theirs", "path"]);
    expect(d.requests).toEqual(["accept_call", "sdp_answer"]);
    expect(d.phase).toMatchObject({ kind: "active", role: "callee" });
  });

  it("understands the plain texts of older clients", async () => {
    const d = device();
    incoming(d);
    d.hear("sdp_offer", { callId: CALL, sdp: "theirs", from: ANNA.id });
    d.hear("ice_candidate", { callId: CALL, candidate: "path", from: ANNA.id });
    d.control.answer(false);
    await settle();
    expect(d.descriptions).toEqual(["theirs", "path"]);
  });

  it("is over when another device was quicker", async () => {
    const d = device();
    d.refusal = new ApiError("call.answered_elsewhere", 400);
    incoming(d);
    d.control.answer(false);
    await settle();
    expect(d.phase).toMatchObject({ kind: "ended", reason: "elsewhere" });
    expect(d.tracks.every((track) => track.stopped)).toBe(true);
  });

  it("joins again before anything else once the server is back", async () => {
    const d = device();
    d.control.dial(ANNA, "voice");
    await settle();
    d.hear("call_accepted", { callId: CALL, receiverId: ANNA.id });
    d.setLink("down");
    expect(d.phase).toMatchObject({ kind: "active", serverLost: true });
    d.requests = [];
    d.setLink("up");
    await settle();
    expect(d.requests[0]).toBe("join_call_room");
    expect(d.phase).toMatchObject({ kind: "active", serverLost: false });
  });

  it("offers in a call that is made after the server was away", async () => {
    const d = device();
    d.setLink("down");
    d.setLink("up");
    d.control.dial(ANNA, "voice");
    await settle();
    expect(d.requests).toEqual(["initiate", "sdp_offer"]);
  });

  it("answers a call that rang over a lost connection", async () => {
    const d = device();
    incoming(d);
    d.setLink("down");
    d.setLink("up");
    incoming(d);
    d.hear("sdp_offer", { callId: CALL, sdp: { type: "offer", sdp: "theirs" }, from: ANNA.id });
    d.control.answer(false);
    await settle();
    expect(d.requests).toEqual(["accept_call", "sdp_answer"]);
  });

  it("sends no answer before its acceptance was heard", async () => {
    const d = device();
    incoming(d);
    d.hear("sdp_offer", { callId: CALL, sdp: { type: "offer", sdp: "theirs" }, from: ANNA.id });
    d.control.answer(false);
    d.refusal = new ApiError("network", 0);
    d.setLink("down");
    await settle();
    d.requests = [];
    d.refusal = null;
    d.status = "ringing";
    d.setLink("up");
    await settle();
    expect(d.requests).toEqual(["join_call_room", "accept_call", "sdp_answer"]);
    expect(d.phase).toMatchObject({ kind: "active" });
  });

  it("stays muted when another microphone takes over, and says if there is none", async () => {
    const d = device();
    d.control.dial(ANNA, "voice");
    await settle();
    d.control.setMuted(true);
    d.tracks[0]?.onended?.();
    await settle();
    expect(d.tracks.map((track) => track.enabled)).toEqual([false, false]);
    d.openDevices = () => Promise.reject(new MediaError("missing"));
    d.tracks[1]?.onended?.();
    await settle();
    expect(d.media).toMatchObject({ microphoneLost: true });
  });

  it("waits untouched until it is dropped, once it has given its devices to the call it grows into", async () => {
    const d = device();
    d.control.dial(ANNA, "voice");
    await settle();
    d.hear("call_accepted", { callId: CALL, receiverId: ANNA.id });
    d.control.handOver();
    d.requests = [];
    d.refusal = new ApiError("call.unknown", 400);
    d.setLink("down");
    d.setLink("up");
    await settle();
    expect(d.phase).toMatchObject({ kind: "active" });
    d.control.hangUp();
    expect(d.requests).toEqual([]);
    d.control.drop();
    expect(d.phase).toEqual({ kind: "idle" });
    d.refusal = null;
    d.control.dial(ANNA, "voice");
    await settle();
    expect(d.phase).toMatchObject({ kind: "calling" });
  });

  it("hangs up when the page goes away, but leaves a ringing phone to the other devices", async () => {
    const d = device();
    incoming(d);
    d.control.leave();
    expect(d.requests).toEqual([]);
    d.control.answer(false);
    await settle();
    d.control.leave();
    expect(d.requests.at(-1)).toBe("told end_call");
  });
});
