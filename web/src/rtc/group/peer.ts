// The one RTCPeerConnection of a group call: what goes up is offered by this side, what comes down by the server. All in one queue.

import { ApiError } from "../../api/failure";
import type { MediaSource, OfferedTrack, PublicationId, PublishedTrack } from "../../api/group";
import type { Description } from "../../api/wire";
import type { Screen } from "../devices";
import { pathOf, type PathState } from "../peer";
import { cameraEncodings, encodingsOf, preferred, tuned } from "./encoding";

export interface Answered {
  sdp: Description;
  publications: readonly PublishedTrack[];
}

export interface GroupPeerOptions {
  connection: RTCPeerConnection;
  codecs(kind: "audio" | "video"): readonly RTCRtpCodec[];
  microphone: MediaStreamTrack;
  camera: MediaStreamTrack | null;
  /** The first offer has a place for pictures, so that a camera needs no other. */
  withCamera: boolean;
  /** Takes our offer to the server and its answer back. Rejects with `ApiError`. */
  exchange(offer: Description, tracks: readonly OfferedTrack[]): Promise<Answered>;
  answer(number: number, answer: Description): Promise<unknown>;
  onPath(state: PathState): void;
  /** Another remote track is there, or one has gone. */
  onTracks(): void;
  /** An offer of the server fell to one of ours; it has to come again. */
  onIgnored(): void;
  /** The server refused our offer, or the connection did not take what was negotiated (null). */
  onFailed(error: ApiError | null): void;
}

export interface GroupPeer {
  setMicrophone(track: MediaStreamTrack): void;
  setCamera(track: MediaStreamTrack | null): void;
  /** Rejects with `ApiError` if the server takes no more. */
  setScreen(screen: Screen | null): Promise<void>;
  handleOffer(number: number, offer: Description): void;
  /** Stops the layers nobody watches. */
  setLayers(publication: PublicationId, wanted: readonly boolean[]): void;
  /** Finds a new path. */
  restart(): void;
  /** Sends an offer again whose answer was lost. */
  resend(): void;
  remote(mid: string): MediaStreamTrack | null;
  sounds(): readonly { mid: string; track: MediaStreamTrack }[];
  path(): PathState;
  close(): void;
}

/** The round of an offer that is to come again. */
const STALE = -1;

export function createGroupPeer(options: GroupPeerOptions): GroupPeer {
  const { connection, exchange, onPath, onTracks, onIgnored, onFailed } = options;
  const places = new Map<MediaSource, RTCRtpTransceiver>();
  const mids = new Map<PublicationId, string>();
  const layers = new Map<PublicationId, readonly boolean[]>();
  let microphone = options.microphone;
  let camera = options.camera;
  /** How many offers of ours were sent: an offer of the server that is older than one of them fell to it. */
  let round = 0;
  let awaiting = false;
  let latest = 0;
  let closed = false;
  let work: Promise<void> = Promise.resolve();

  /** Negotiation steps run one after the other. */
  function enqueue(task: () => Promise<void>): Promise<void> {
    const run = work.then(() => (closed ? undefined : task()));
    work = run.catch(() => undefined);
    return run;
  }

  /** For steps that nobody waits for. */
  function later(task: () => Promise<void>): void {
    enqueue(task).catch(failed);
  }

  function failed(error: unknown): void {
    if (closed) return;
    if (!(error instanceof ApiError)) console.error("negotiation failed", error);
    onFailed(error instanceof ApiError ? error : null);
  }

  function place(source: MediaSource, track: MediaStreamTrack | null): void {
    const kind = source === "camera" || source === "screen" ? "video" : "audio";
    const transceiver = addTransceiver(source, track ?? kind, track?.getSettings());
    // Safari before 15.4 and Firefox before 128 have no such method; their own order has VP8 in it.
    if ("setCodecPreferences" in transceiver) transceiver.setCodecPreferences(preferred(source, options.codecs(kind)));
    places.set(source, transceiver);
  }

  function addTransceiver(source: MediaSource, track: MediaStreamTrack | string, settings?: MediaTrackSettings): RTCRtpTransceiver {
    for (const sendEncodings of encodingsOf(source, settings)) {
      try {
        return connection.addTransceiver(track, { direction: "sendonly", sendEncodings: sendEncodings.map((each) => ({ ...each })) });
      } catch (error) {
        console.warn("encodings not taken", error);
      }
    }
    return connection.addTransceiver(track, { direction: "sendonly" });
  }

  function offered(): readonly OfferedTrack[] {
    return [...places].flatMap(([source, { mid, direction }]) => (mid !== null && direction === "sendonly" ? [{ mid, source }] : []));
  }

  async function negotiate(): Promise<void> {
    // An offer whose answer was lost goes first, as it was.
    if (connection.signalingState === "have-local-offer") await send();
    await connection.setLocalDescription();
    await send();
  }

  async function send(): Promise<void> {
    const local = connection.localDescription;
    if (!local) return;
    round += 1;
    awaiting = true;
    const { sdp, publications } = await exchange({ type: local.type, sdp: local.sdp }, offered()).finally(() => (awaiting = false));
    if (closed) return;
    const sources = new Map(offered().map(({ mid, source }) => [mid, source]));
    await connection.setRemoteDescription({ type: sdp.type, sdp: tuned(sdp.sdp, sources) });
    mids.clear();
    for (const { mid, publication } of publications) mids.set(publication, mid);
    for (const publication of layers.keys()) await applyLayers(publication);
  }

  async function take(number: number, received: number, offer: Description): Promise<void> {
    if (number < latest) return;
    if (received !== round || connection.signalingState !== "stable") return onIgnored();
    await connection.setRemoteDescription(offer);
    await connection.setLocalDescription();
    const local = connection.localDescription;
    onTracks();
    if (local) await options.answer(number, { type: local.type, sdp: local.sdp });
  }

  /** Gives the camera's layers the sizes of its picture, and stops those nobody watches. */
  async function applyLayers(publication: PublicationId): Promise<void> {
    const mid = mids.get(publication);
    const found = [...places].find(([, each]) => each.mid === mid);
    const wanted = layers.get(publication);
    if (!found || !wanted || mid === undefined) return;
    const [source, { sender }] = found;
    if (source === "camera") return shapeCamera();
    const parameters = sender.getParameters();
    for (const encoding of parameters.encodings) encoding.active = wanted.includes(true);
    await shape(sender, parameters);
  }

  async function shapeCamera(): Promise<void> {
    const known = places.get("camera");
    if (!known) return;
    const wanted = [...mids].find(([, mid]) => mid === known.mid)?.[0];
    const watched = wanted === undefined ? undefined : layers.get(wanted);
    const parameters = known.sender.getParameters();
    const shapes = cameraEncodings(camera?.getSettings() ?? {}, watched);
    if (parameters.encodings.length < shapes.length) {
      for (const encoding of parameters.encodings) encoding.active = watched?.includes(true) ?? true;
    } else {
      parameters.encodings.forEach((encoding, index) => Object.assign(encoding, shapes[index], { rid: encoding.rid }));
    }
    await shape(known.sender, parameters);
  }

  async function placeScreen(source: "screen" | "screen_audio", track: MediaStreamTrack | null): Promise<void> {
    const known = places.get(source);
    if (known) {
      await known.sender.replaceTrack(track);
      known.direction = track ? "sendonly" : "inactive";
    } else if (track) {
      place(source, track);
    }
  }

  async function setScreen(screen: Screen | null): Promise<void> {
    await placeScreen("screen", screen?.picture ?? null);
    await placeScreen("screen_audio", screen?.sound ?? null);
    try {
      await negotiate();
    } catch (error) {
      if (screen && error instanceof ApiError && error.status !== 0) await withdraw();
      throw error;
    }
  }

  /** Takes back an offer that was refused, with the places it would have made. */
  async function withdraw(): Promise<void> {
    if (connection.signalingState === "have-local-offer") await connection.setLocalDescription({ type: "rollback" });
    for (const source of ["screen", "screen_audio"] as const) {
      const refused = places.get(source);
      if (!refused) continue;
      if (refused.mid === null) {
        refused.stop();
        places.delete(source);
      } else {
        await refused.sender.replaceTrack(null);
        refused.direction = "inactive";
      }
    }
  }

  connection.onconnectionstatechange = () => {
    if (!closed) onPath(pathOf(connection.connectionState));
  };
  place("microphone", microphone);
  if (options.withCamera || camera) place("camera", camera);
  later(negotiate);

  return {
    setMicrophone(track) {
      microphone = track;
      later(async () => {
        await places.get("microphone")?.sender.replaceTrack(microphone);
      });
    },
    setCamera(track) {
      camera = track;
      later(async () => {
        const known = places.get("camera");
        if (known) {
          await known.sender.replaceTrack(camera);
          return shapeCamera();
        }
        if (!camera) return;
        place("camera", camera);
        await negotiate();
      });
    },
    setScreen: (screen) => enqueue(() => setScreen(screen)),
    handleOffer(number, offer) {
      latest = Math.max(latest, number);
      // Whether the server knew of our offer when it made this one cannot be told, but of the first, before which it makes none.
      const received = awaiting && round > 1 ? STALE : round;
      later(() => take(number, received, offer));
    },
    setLayers(publication, wanted) {
      layers.set(publication, wanted);
      later(() => applyLayers(publication));
    },
    restart() {
      later(() => {
        connection.restartIce();
        return negotiate();
      });
    },
    resend() {
      later(async () => {
        if (connection.signalingState === "have-local-offer") await send();
      });
    },
    remote: (mid) => connection.getTransceivers().find((each) => each.mid === mid)?.receiver.track ?? null,
    sounds: () =>
      connection.getTransceivers().flatMap(({ mid, receiver, currentDirection }) => {
        const heard = mid !== null && currentDirection === "recvonly" && receiver.track.kind === "audio";
        return heard ? [{ mid, track: receiver.track }] : [];
      }),
    path: () => pathOf(connection.connectionState),
    close() {
      closed = true;
      connection.onconnectionstatechange = null;
      connection.close();
    },
  };
}

/** A browser that does not take them sends what it sent before: more than is watched, but it is seen. */
async function shape(sender: RTCRtpSender, parameters: RTCRtpSendParameters): Promise<void> {
  await sender.setParameters(parameters).catch((error: unknown) => console.warn("layers not taken", error));
}
