import { describe, expect, it } from "vitest";
import type { Description } from "../api/wire";
import { createPeer, type Peer } from "./peer";

interface FakeTransceiver {
  direction: RTCRtpTransceiverDirection;
  sender: { track: unknown; replaceTrack(track: unknown): Promise<void> };
  receiver: { track: { kind: string } };
}

/** The part of RTCPeerConnection that negotiation needs, with the states of the standard. */
class FakeConnection {
  signalingState: RTCSignalingState = "stable";
  connectionState: RTCPeerConnectionState = "new";
  localDescription: Description | null = null;
  remoteDescription: Description | null = null;
  added: string[] = [];
  restarts = 0;
  transceivers: FakeTransceiver[] = [];
  onnegotiationneeded: (() => void) | null = null;
  onicecandidate: ((event: { candidate: { candidate: string; toJSON(): object } | null }) => void) | null = null;
  ontrack: unknown = null;
  onconnectionstatechange: unknown = null;
  private made = 0;

  constructor(private readonly name: string) {}

  addTransceiver(track: { kind: string } | string, init: { direction: RTCRtpTransceiverDirection }): void {
    const kind = typeof track === "string" ? track : track.kind;
    const sender = {
      track: typeof track === "string" ? null : (track as unknown),
      replaceTrack: (next: unknown) => {
        sender.track = next;
        return Promise.resolve();
      },
    };
    this.transceivers.push({ direction: init.direction, sender, receiver: { track: { kind } } });
    queueMicrotask(() => this.onnegotiationneeded?.());
  }

  getTransceivers(): FakeTransceiver[] {
    return this.transceivers;
  }

  setLocalDescription(): Promise<void> {
    const isAnswer = this.signalingState === "have-remote-offer";
    this.made += 1;
    this.localDescription = { type: isAnswer ? "answer" : "offer", sdp: `${this.name} ${this.made}` };
    this.signalingState = isAnswer ? "stable" : "have-local-offer";
    return Promise.resolve();
  }

  setRemoteDescription(description: Description): Promise<void> {
    this.remoteDescription = description;
    this.signalingState = description.type === "offer" ? "have-remote-offer" : "stable";
    if (description.type === "offer" && this.transceivers.length === 0) {
      const sender = { track: null as unknown, replaceTrack: (next: unknown) => Promise.resolve(void (sender.track = next)) };
      this.transceivers.push({ direction: "recvonly", sender, receiver: { track: { kind: "audio" } } });
    }
    return Promise.resolve();
  }

  addIceCandidate({ candidate }: RTCIceCandidateInit): Promise<void> {
    if (!this.remoteDescription) return Promise.reject(new Error("InvalidStateError"));
    this.added.push(candidate ?? "");
    return Promise.resolve();
  }

  restartIce(): void {
    this.restarts += 1;
    queueMicrotask(() => this.onnegotiationneeded?.());
  }

  close(): void {
    this.signalingState = "closed";
  }
}

interface Side {
  peer: Peer;
  connection: FakeConnection;
  out: Description[];
}

function side(role: "caller" | "callee"): Side {
  const connection = new FakeConnection(role);
  const out: Description[] = [];
  const peer = createPeer({
    connection: connection as never,
    role,
    tracks: { audio: { kind: "audio" } as MediaStreamTrack, video: null },
    withVideo: false,
    sendDescription: (description) => out.push(description),
    sendCandidate: () => {},
    onPath: () => {},
    onRemote: () => {},
  });
  return { peer, connection, out };
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 40; i += 1) await Promise.resolve();
};
const sdps = (of: Side): string[] => of.out.map((description) => `${description.type} ${description.sdp}`);
const last = (of: Side): Description => {
  const description = of.out.at(-1);
  if (!description) throw new Error("nothing was sent");
  return description;
};

async function connected(): Promise<{ caller: Side; callee: Side }> {
  const caller = side("caller");
  const callee = side("callee");
  await settle();
  await callee.peer.handleDescription(last(caller));
  await caller.peer.handleDescription(last(callee));
  await settle();
  return { caller, callee };
}

describe("a peer connection", () => {
  it("is offered by the caller, answered by the callee with its sound", async () => {
    const { caller, callee } = await connected();
    expect(sdps(caller)).toEqual(["offer caller 1"]);
    expect(sdps(callee)).toEqual(["answer callee 1"]);
    expect(callee.connection.transceivers[0]).toMatchObject({ direction: "sendrecv", sender: { track: { kind: "audio" } } });
  });

  it("keeps candidates that come before the description they belong to", async () => {
    const callee = side("callee");
    await callee.peer.handleCandidate({ candidate: "early 1" });
    await callee.peer.handleCandidate({ candidate: "early 2" });
    expect(callee.connection.added).toEqual([]);
    await callee.peer.handleDescription({ type: "offer", sdp: "their 1" });
    await callee.peer.handleCandidate({ candidate: "late" });
    expect(callee.connection.added).toEqual(["early 1", "early 2", "late"]);
  });

  it("answers a repeated offer with the answer it gave", async () => {
    const { caller, callee } = await connected();
    await callee.peer.handleDescription(last(caller));
    expect(sdps(callee)).toEqual(["answer callee 1", "answer callee 1"]);
    await caller.peer.handleDescription(last(callee));
    expect(caller.connection.signalingState).toBe("stable");
  });

  it("yields with its own offer on the callee's side when both offer at once", async () => {
    const { caller, callee } = await connected();
    caller.peer.restart();
    callee.connection.addTransceiver("video", { direction: "sendrecv" });
    await settle();
    const [theirs, ours] = [last(caller), last(callee)];
    expect([theirs.type, ours.type]).toEqual(["offer", "offer"]);
    await caller.peer.handleDescription(ours);
    await callee.peer.handleDescription(theirs);
    expect(caller.out).toHaveLength(2);
    expect(last(callee).type).toBe("answer");
    await caller.peer.handleDescription(last(callee));
    expect([caller.connection.signalingState, callee.connection.signalingState]).toEqual(["stable", "stable"]);
  });

  it("offers a new path on a restart, or repeats the offer that waits", async () => {
    const { caller } = await connected();
    caller.peer.restart();
    await settle();
    expect(sdps(caller)).toEqual(["offer caller 1", "offer caller 2"]);
    caller.peer.restart();
    await settle();
    expect(sdps(caller)).toEqual(["offer caller 1", "offer caller 2", "offer caller 2"]);
    expect(caller.connection.restarts).toBe(1);
  });

  it("does nothing more once it is closed", async () => {
    const { caller, callee } = await connected();
    callee.peer.close();
    await callee.peer.handleDescription({ type: "offer", sdp: "too late" });
    expect(callee.out).toHaveLength(1);
    expect(caller.out).toHaveLength(1);
  });
});
