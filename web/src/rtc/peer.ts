// One RTCPeerConnection of a call of two: perfect negotiation, candidates kept until they can be used, restart of ICE.
// https://w3c.github.io/webrtc-pc/#perfect-negotiation-example

import type { Description } from "../api/wire";
import type { Role } from "./call";

export type PathState = "connecting" | "connected" | "disconnected" | "failed";

export interface LocalTracks {
  audio: MediaStreamTrack;
  video: MediaStreamTrack | null;
}

export interface RemoteTracks {
  audio: MediaStreamTrack | null;
  /** Null while the other side shows nothing. */
  video: MediaStreamTrack | null;
}

export interface PeerOptions {
  connection: RTCPeerConnection;
  /** The callee is the polite side: its offer yields when both offer at once. */
  role: Role;
  tracks: LocalTracks;
  /** True if the caller's first offer has a place for pictures. */
  withVideo: boolean;
  sendDescription(description: Description): void;
  sendCandidate(candidate: RTCIceCandidateInit): void;
  onPath(state: PathState): void;
  onRemote(tracks: RemoteTracks): void;
}

export interface Peer {
  handleDescription(description: Description): Promise<void>;
  handleCandidate(candidate: RTCIceCandidateInit): Promise<void>;
  /** Shows `track` to the other side, or nothing. */
  setCamera(track: MediaStreamTrack | null): void;
  setMicrophone(track: MediaStreamTrack): void;
  /** Finds a new path; if an offer waits for its answer, repeats that offer. */
  restart(): void;
  resendOffer(): void;
  path(): PathState;
  close(): void;
}

export function createPeer(options: PeerOptions): Peer {
  const { connection, role, tracks, sendDescription, sendCandidate, onPath, onRemote } = options;
  const waiting: RTCIceCandidateInit[] = [];
  const remote: RemoteTracks = { audio: null, video: null };
  let camera = tracks.video;
  let microphone = tracks.audio;
  let lastOffer: string | null = null;
  let ignoring = false;
  let closed = false;
  let work: Promise<void> = Promise.resolve();

  /** Negotiation steps run one after the other. */
  function enqueue(task: () => Promise<void>): Promise<void> {
    const run = work.then(() => (closed ? undefined : task()));
    work = run.catch((error: unknown) => {
      if (!closed) console.error("negotiation failed", error);
    });
    return run;
  }

  /** For steps that nobody waits for; what goes wrong is in the log already. */
  function later(task: () => Promise<void>): void {
    enqueue(task).catch(() => undefined);
  }

  function sendLocal(): void {
    const local = connection.localDescription;
    if (local) sendDescription({ type: local.type, sdp: local.sdp });
  }

  async function offer(): Promise<void> {
    if (connection.signalingState !== "stable") return;
    await connection.setLocalDescription();
    sendLocal();
  }

  async function flush(): Promise<void> {
    for (const candidate of waiting.splice(0)) await add(candidate);
  }

  async function add(candidate: RTCIceCandidateInit): Promise<void> {
    try {
      await connection.addIceCandidate(candidate);
    } catch (error) {
      // A candidate of an offer that was ignored, or of a path that a restart has replaced, fits nothing.
      if (!ignoring) console.debug("candidate not used", error);
    }
  }

  /** Gives our tracks to the places that the other side's offer has opened. */
  async function attach(): Promise<void> {
    for (const transceiver of connection.getTransceivers()) {
      const track = transceiver.receiver.track.kind === "audio" ? microphone : camera;
      if (!track || transceiver.sender.track === track || transceiver.direction === "stopped") continue;
      await transceiver.sender.replaceTrack(track);
      transceiver.direction = "sendrecv";
    }
  }

  async function answer(description: Description): Promise<void> {
    if (description.sdp === lastOffer && connection.signalingState === "stable") {
      if (connection.localDescription?.type === "answer") sendLocal();
      return;
    }
    ignoring = connection.signalingState !== "stable" && role === "caller";
    if (ignoring) return;
    await connection.setRemoteDescription(description);
    lastOffer = description.sdp;
    await attach();
    await flush();
    await connection.setLocalDescription();
    sendLocal();
  }

  async function accept(description: Description): Promise<void> {
    if (connection.signalingState !== "have-local-offer") return;
    await connection.setRemoteDescription(description);
    await flush();
  }

  function watch(track: MediaStreamTrack): void {
    const kind = track.kind === "audio" ? "audio" : "video";
    const report = (): void => {
      const live = track.readyState === "live" && (kind === "audio" || !track.muted);
      if (!live && remote[kind] !== track) return;
      if (!live) remote[kind] = null;
      else remote[kind] = track;
      if (!closed) onRemote({ ...remote });
    };
    for (const event of ["mute", "unmute", "ended"]) track.addEventListener(event, report);
    report();
  }

  connection.onicecandidate = ({ candidate }) => {
    if (candidate && candidate.candidate !== "") sendCandidate(candidate.toJSON());
  };
  connection.onnegotiationneeded = () => {
    later(offer);
  };
  connection.ontrack = ({ track }) => watch(track);
  connection.onconnectionstatechange = () => onPath(pathOf(connection.connectionState));

  if (role === "caller") {
    connection.addTransceiver(microphone, { direction: "sendrecv" });
    if (options.withVideo) {
      if (camera) connection.addTransceiver(camera, { direction: "sendrecv" });
      else connection.addTransceiver("video", { direction: "recvonly" });
    }
  }

  return {
    handleDescription: (description) => enqueue(() => (description.type === "offer" ? answer(description) : accept(description))),
    handleCandidate: (candidate) =>
      enqueue(async () => {
        if (connection.remoteDescription) await add(candidate);
        else waiting.push(candidate);
      }),
    setCamera(track) {
      camera = track;
      later(async () => {
        const place = connection.getTransceivers().find((each) => each.receiver.track.kind === "video" && each.direction !== "stopped");
        if (place) {
          await place.sender.replaceTrack(track);
          place.direction = track ? "sendrecv" : "recvonly";
        } else if (track) {
          connection.addTransceiver(track, { direction: "sendrecv" });
        }
      });
    },
    setMicrophone(track) {
      microphone = track;
      later(async () => {
        const place = connection.getTransceivers().find((each) => each.receiver.track.kind === "audio");
        await place?.sender.replaceTrack(track);
      });
    },
    restart() {
      later(async () => {
        if (connection.signalingState === "have-local-offer") sendLocal();
        else connection.restartIce();
      });
    },
    resendOffer() {
      later(async () => {
        if (connection.signalingState === "have-local-offer") sendLocal();
      });
    },
    path: () => pathOf(connection.connectionState),
    close() {
      closed = true;
      connection.onicecandidate = null;
      connection.onnegotiationneeded = null;
      connection.ontrack = null;
      connection.onconnectionstatechange = null;
      connection.close();
    },
  };
}

export function pathOf(state: RTCPeerConnectionState): PathState {
  switch (state) {
    case "new":
    case "connecting":
      return "connecting";
    case "connected":
      return "connected";
    case "disconnected":
      return "disconnected";
    case "failed":
    case "closed":
      return "failed";
  }
}
