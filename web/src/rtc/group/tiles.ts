// What is on the screen of a group call: one tile for each participant, in the order of joining. Pure.

import type {
  GroupCall,
  GroupEvents,
  GroupParticipant,
  ParticipantId,
  PauseWhy,
  PublicationId,
  Quality,
  QualityWhy,
  Seat,
  VideoEvent,
} from "../../api/group";
import type { UserId } from "../../api/wire";

/**
 * A picture of a participant. `starting`: its first frame is on the way, what the track shows is nothing or another's. `held`: the
 * last picture of a connection that was lost.
 */
export interface GroupPicture {
  track: MediaStreamTrack;
  state: "playing" | "starting" | "held" | PauseWhy;
  /** Which simulcast layer is received, 0 the smallest; null if unknown, or one's own. */
  layer: number | null;
}

export interface GroupTile {
  /** Of the joining; changes when somebody comes back after a loss. `userId` stays: it is the key of a tile. */
  participantId: ParticipantId;
  userId: UserId;
  username: string;
  /** This device. */
  self: boolean;
  state: "connecting" | "connected" | "lost";
  muted: boolean;
  mutedBy: UserId | null;
  speaking: boolean;
  quality: Quality;
  qualityWhy: QualityWhy | null;
  /** Null while the camera is off. */
  camera: GroupPicture | null;
  screen: GroupPicture | null;
}

/** What is shown and how large, in pixels of the device. */
export interface ShownTile {
  participantId: ParticipantId;
  source: "camera" | "screen";
  width: number;
  height: number;
}

/** A remote voice or sound; each wants a media element of its own. `key` stays while the track does. */
export interface GroupSound {
  key: string;
  track: MediaStreamTrack;
  /** Whose it is at the moment; null while nobody's. */
  username: string | null;
  source: "microphone" | "screen_audio";
}

type VideoState = Pick<VideoEvent, "state" | "layer" | "why">;
type QualityState = Parameters<GroupEvents["group_quality"]>[0]["participants"][number];

/** What the server has said of a call since this participant joined it. */
export interface Room {
  call: GroupCall;
  participantId: ParticipantId;
  seats: readonly Seat[];
  videos: ReadonlyMap<PublicationId, VideoState>;
  speakers: readonly ParticipantId[];
  qualities: ReadonlyMap<ParticipantId, QualityState>;
}

export function roomOf(call: GroupCall, participantId: ParticipantId): Room {
  return { call, participantId, seats: [], videos: new Map(), speakers: [], qualities: new Map() };
}

/** Takes the call as it is told later; what is older than what is known changes nothing. */
export function withCall(room: Room, call: GroupCall): Room {
  return call.version < room.call.version ? room : { ...room, call };
}

/** A picture that has lost its seat starts anew when it gets one again. */
export function withSeats(room: Room, seats: readonly Seat[]): Room {
  const seated = new Set(seats.map((seat) => seat.publication));
  return { ...room, seats, videos: new Map([...room.videos].filter(([publication]) => seated.has(publication))) };
}

export function withVideo(room: Room, { publication, state, layer, why }: VideoEvent): Room {
  const said: VideoState = { state, ...(layer === undefined ? {} : { layer }), ...(why === undefined ? {} : { why }) };
  return { ...room, videos: new Map(room.videos).set(publication, said) };
}

export function withQuality(room: Room, changed: readonly QualityState[]): Room {
  const qualities = new Map(room.qualities);
  for (const each of changed) qualities.set(each.participantId, each);
  return { ...room, qualities };
}

export interface OwnPictures {
  muted: boolean;
  camera: MediaStreamTrack | null;
  screen: MediaStreamTrack | null;
}

/** The tiles of a room. `remote` gives the track of a seat; `before` are those of a connection that was lost, as long as they are of use. */
export function tilesOf(
  room: Room,
  own: OwnPictures,
  remote: (mid: string) => MediaStreamTrack | null,
  before: readonly GroupTile[] = [],
): readonly GroupTile[] {
  const lost = new Map(before.map((tile) => [tile.userId, tile]));
  const tiles = room.call.participants.map((participant) => {
    const tile = tileOf(room, participant, own, remote);
    const old = tile.self ? undefined : lost.get(tile.userId);
    lost.delete(tile.userId);
    if (!old) return tile;
    const camera = participant.camera ? bridged(tile.camera, old.camera) : null;
    return { ...tile, camera, screen: participant.screen ? bridged(tile.screen, old.screen) : null };
  });
  const gone = [...lost.values()].filter((tile) => !tile.self).map((tile) => ({ ...tile, state: "lost" as const, speaking: false }));
  return inOrder([...tiles, ...gone], before);
}

/** Whose sound comes at the place `mid`. */
export function soundOf(room: Room, mid: string): Pick<GroupSound, "username" | "source"> {
  const seat = room.seats.find((each) => each.mid === mid);
  const publisher = room.call.participants.find((each) => each.participantId === seat?.participantId);
  return { username: publisher?.username ?? null, source: seat?.source === "screen_audio" ? "screen_audio" : "microphone" };
}

function tileOf(room: Room, participant: GroupParticipant, own: OwnPictures, remote: (mid: string) => MediaStreamTrack | null): GroupTile {
  const { participantId, userId, username, state, mutedBy } = participant;
  const self = participantId === room.participantId;
  const quality = room.qualities.get(participantId);
  const ownPicture = (track: MediaStreamTrack | null): GroupPicture | null => track && { track, state: "playing", layer: null };
  return {
    participantId,
    userId,
    username,
    self,
    state,
    muted: self ? own.muted : participant.muted,
    mutedBy,
    speaking: room.speakers.includes(participantId),
    quality: quality?.quality ?? "good",
    qualityWhy: quality?.why ?? null,
    camera: self ? ownPicture(own.camera) : participant.camera ? pictureOf(room, participantId, "camera", remote) : null,
    screen: self ? ownPicture(own.screen) : participant.screen ? pictureOf(room, participantId, "screen", remote) : null,
  };
}

function pictureOf(
  room: Room,
  participant: ParticipantId,
  source: "camera" | "screen",
  remote: (mid: string) => MediaStreamTrack | null,
): GroupPicture | null {
  const seat = room.seats.find((each) => each.participantId === participant && each.source === source);
  const track = seat && remote(seat.mid);
  if (!track) return null;
  const said = room.videos.get(seat.publication);
  if (!said) return { track, state: "starting", layer: null };
  return { track, state: said.state === "playing" ? "playing" : (said.why ?? "publisher"), layer: said.layer ?? null };
}

/** Until the new picture plays, the last one of the old connection stays. */
function bridged(now: GroupPicture | null, old: GroupPicture | null): GroupPicture | null {
  if (!old || (now && now.state !== "starting")) return now;
  return { ...old, state: "held" };
}

/** Who was there before keeps the place. */
function inOrder(tiles: readonly GroupTile[], before: readonly GroupTile[]): readonly GroupTile[] {
  const places = new Map(before.map((tile, index) => [tile.userId, index]));
  const placeOf = (tile: GroupTile): number => places.get(tile.userId) ?? before.length;
  return [...tiles].sort((a, b) => placeOf(a) - placeOf(b));
}
