// The connection of the call, and while a new one comes up the old one, whose last pictures and sounds stay until then.

import { ApiError } from "../../api/failure";
import type { Api } from "../../api/client";
import type { GroupCall, OfferedTrack, ParticipantId } from "../../api/group";
import type { CallChannel } from "../../api/socket";
import type { CallId, Description } from "../../api/wire";
import { watchFlow } from "./flow";
import { createGroupPeer, type Answered, type GroupPeer } from "./peer";
import type { GroupPath } from "./phase";
import { refusedBy } from "./refusal";
import { towardsServer } from "./servers";

export interface ConnectionsOptions {
  api: Pick<Api, "rtcConfig">;
  channel: Pick<CallChannel, "request" | "link">;
  createConnection(configuration: RTCConfiguration): RTCPeerConnection;
  codecs(kind: "audio" | "video"): readonly RTCRtpCodec[];
  /** Milliseconds of a clock that nobody sets. */
  now(): number;
  after(ms: number, task: () => void): () => void;
  local(): { microphone: MediaStreamTrack | null; camera: MediaStreamTrack | null; muted: boolean };
  /** Who this device is in the call, once joined. */
  part(): { callId: CallId; participantId: ParticipantId } | null;
  wantsPictures(): boolean;
  onJoined(participant: ParticipantId, call: GroupCall): void;
  /** A joining that was called off has come about. */
  onUnwanted(call: CallId, participant: ParticipantId): void;
  onJoinFailed(error: ApiError): void;
  onPath(state: GroupPath): void;
  onTracks(): void;
  /** An offer of the server has to come again. */
  onIgnored(): void;
  onFailed(error: ApiError | null): void;
}

export interface Connections {
  /** Asks how to connect before it is needed. */
  prepare(): void;
  /** Joins with a new connection. What is heard of an earlier attempt no longer counts. */
  join(call: CallId): void;
  current(): GroupPeer | null;
  /** Lets the old connection go. */
  settle(): void;
  /** `key` is another one on another connection. */
  sounds(): readonly { key: string; mid: string; track: MediaStreamTrack }[];
  connection(): RTCPeerConnection | null;
  release(): void;
}

interface Made {
  peer: GroupPeer;
  connection: RTCPeerConnection;
  number: number;
  joined: boolean;
  close(): void;
}

export function createConnections(options: ConnectionsOptions): Connections {
  const { channel, local, part } = options;
  let made: Made | null = null;
  let old: Made | null = null;
  let attempt = 0;
  /** Kept for a rejoining: a server that was restarted gives it late, or the same. */
  let configuration: RTCConfiguration | null = null;
  let asked: Promise<RTCConfiguration> | null = null;

  function prepare(): Promise<RTCConfiguration> {
    const asking = options.api.rtcConfig();
    asked = asking;
    // Whoever waits for it hears of the failure; the next one asks again.
    asking.catch(() => {
      if (asked === asking) asked = null;
    });
    return asking;
  }

  async function join(call: CallId): Promise<void> {
    const mine = (attempt += 1);
    if (made && !made.joined) {
      // Nobody has answered its offer: it is made again, and what was gathered for it is of use.
      made.number = mine;
      return made.peer.resend();
    }
    old?.close();
    old = made;
    made = null;
    try {
      if (channel.link() !== "up") throw new ApiError("network", 0);
      const found = await (asked ?? prepare());
      asked = null;
      configuration = found;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (mine !== attempt) return;
      if (!configuration || channel.link() !== "up") return options.onJoinFailed(error);
    }
    if (mine === attempt && configuration) open(call, mine, configuration);
  }

  function open(call: CallId, mine: number, configuration: RTCConfiguration): void {
    const { microphone, camera } = local();
    if (!microphone) return;
    const connection = options.createConnection({ ...towardsServer(configuration), bundlePolicy: "max-bundle" });
    const isCurrent = (): boolean => opened.number === attempt;
    const stopWatching = watchFlow({
      ...options,
      connection,
      onFlow: (flows) => isCurrent() && opened.peer.path() === "connected" && options.onPath(flows ? "connected" : "silent"),
    });
    const close = (): void => {
      stopWatching();
      opened.peer.close();
    };
    const opened: Made = { connection, number: mine, joined: false, peer: null as never, close };
    made = opened;
    opened.peer = createGroupPeer({
      connection,
      codecs: options.codecs,
      microphone,
      camera,
      withCamera: options.wantsPictures(),
      exchange: (offer, tracks) => (opened.joined ? renegotiate(offer, tracks) : first(opened, call, offer, tracks)),
      answer: (number, sdp) => answer(number, sdp),
      onPath: (state) => {
        if (isCurrent() && state !== "connecting") options.onPath(state);
      },
      onTracks: () => isCurrent() && options.onTracks(),
      onIgnored: () => isCurrent() && options.onIgnored(),
      onFailed: (error) => {
        if (!isCurrent()) return;
        if (opened.joined) return options.onFailed(error);
        const refused = error ?? new ApiError("call.bad_sdp", 400);
        // Nothing comes of a connection whose offer was refused.
        if (refusedBy(refused) !== "network") discard();
        options.onJoinFailed(refused);
      },
    });
  }

  async function first(opened: Made, callId: CallId, sdp: Description, tracks: readonly OfferedTrack[]): Promise<Answered> {
    const { muted, camera } = local();
    const { participantId, call, ...answered } = await channel.request("group_join", { callId, sdp, tracks, muted, camera: camera !== null });
    if (opened.number !== attempt) {
      options.onUnwanted(callId, participantId);
      return answered;
    }
    opened.joined = true;
    options.onJoined(participantId, call);
    return answered;
  }

  async function renegotiate(sdp: Description, tracks: readonly OfferedTrack[]): Promise<Answered> {
    const who = part();
    if (!who) throw new ApiError("network", 0);
    return await channel.request("group_offer", { ...who, sdp, tracks }, OFFER_WITHIN_MS);
  }

  async function answer(number: number, sdp: Description): Promise<void> {
    const who = part();
    if (!who) return;
    try {
      await channel.request("group_answer", { ...who, number, sdp });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // A newer offer is on its way, or comes again when the socket is back.
      if (error.status === 0 || error.code === "call.stale_answer") return;
      if (refusedBy(error) !== "network") throw error;
      options.onIgnored();
    }
  }

  function discard(): void {
    made?.close();
    made = null;
  }

  function soundsOf(from: Made | null): ReturnType<Connections["sounds"]> {
    return from ? from.peer.sounds().map(({ mid, track }) => ({ key: `${from.number}.${mid}`, mid, track })) : [];
  }

  return {
    prepare: () => void prepare(),
    join: (call) => void join(call),
    current: () => made?.peer ?? null,
    settle() {
      old?.close();
      old = null;
    },
    sounds: () => [...soundsOf(old), ...soundsOf(made)],
    connection: () => made?.connection ?? null,
    release() {
      attempt += 1;
      discard();
      old?.close();
      old = null;
      configuration = null;
      asked = null;
    },
  };
}

/** An offer in a call that goes on is often for a new path: a server that cannot be reached over the old one is found out early. */
const OFFER_WITHIN_MS = 4_000;
