import { describe, expect, it } from "vitest";
import type { GroupCall, GroupParticipant, Seat } from "../../api/group";
import { FakeTrack } from "./fakes";
import { roomOf, soundOf, tilesOf, withCall, withQuality, withSeats, withVideo, type GroupTile, type Room } from "./tiles";

const who = (name: string, joining = 1, fields: Partial<GroupParticipant> = {}): GroupParticipant => ({
  participantId: `${name}-${joining}`,
  userId: name,
  username: name,
  joinedAt: "2026-01-01T00:00:00.000Z",
  state: "connected",
  muted: false,
  mutedBy: null,
  camera: true,
  screen: false,
  ...fields,
});
const call = (version: number, ...participants: GroupParticipant[]): GroupCall => ({
  id: "call",
  chatId: "chat",
  type: "video",
  startedBy: "anna",
  startedAt: "2026-01-01T00:00:00.000Z",
  locked: false,
  version,
  ringing: [],
  participants,
});
const seat = (participantId: string, publication: number, source: Seat["source"] = "camera"): Seat => ({
  mid: `m${publication}`,
  publication,
  participantId,
  source,
});
const tracks = new Map<string, MediaStreamTrack>();
const remote = (mid: string): MediaStreamTrack => {
  const track = tracks.get(mid) ?? new FakeTrack("video", mid).as();
  tracks.set(mid, track);
  return track;
};
const own = { muted: false, camera: null, screen: null };
const tiles = (room: Room, before: readonly GroupTile[] = [], from = remote): readonly GroupTile[] => tilesOf(room, own, from, before);
const of = (list: readonly GroupTile[], user: string): GroupTile => {
  const found = list.find((tile) => tile.userId === user);
  if (!found) throw new Error(`no tile of ${user}`);
  return found;
};
const playing = (publication: number, layer: number) => ({
  callId: "call",
  participantId: "me-1",
  publication,
  state: "playing" as const,
  layer,
});

describe("the tiles of a call", () => {
  const room = withSeats(roomOf(call(1, who("me"), who("anna"), who("boris", 1, { camera: false })), "me-1"), [
    seat("anna-1", 1),
    seat("boris-1", 2),
  ]);

  it("have a picture from its first frame on, and none of a camera that is off", () => {
    expect(of(tiles(room), "anna").camera).toMatchObject({ state: "starting", track: remote("m1") });
    const shown = tiles(withVideo(room, playing(1, 2)));
    expect(of(shown, "anna").camera).toMatchObject({ state: "playing", layer: 2 });
    expect(of(shown, "boris").camera).toBeNull();
  });

  it("say why a picture stands still", () => {
    const paused = withVideo(room, { ...playing(1, 0), state: "paused", why: "bandwidth" });
    expect(of(tiles(paused), "anna").camera?.state).toBe("bandwidth");
  });

  it("show oneself from the devices, not from the server", () => {
    const camera = new FakeTrack("video").as();
    const list = tilesOf(room, { muted: true, camera, screen: null }, remote);
    expect(of(list, "me")).toMatchObject({ self: true, muted: true, camera: { track: camera, state: "playing" } });
  });

  it("mark who speaks and whose connection is poor", () => {
    const told = withQuality({ ...room, speakers: ["anna-1"] }, [
      { participantId: "boris-1", quality: "poor", why: { kind: "loss_up", value: 12 } },
    ]);
    expect(of(tiles(told), "anna").speaking).toBe(true);
    expect(of(tiles(told), "boris")).toMatchObject({ quality: "poor", qualityWhy: { kind: "loss_up", value: 12 } });
  });

  it("do not show the last frame of whoever sat in a place before", () => {
    const seen = withVideo(room, playing(1, 0));
    const left = withSeats(seen, []);
    const again = withSeats(left, [seat("anna-1", 1)]);
    expect(of(tiles(again), "anna").camera?.state).toBe("starting");
  });

  it("follow the newest word on the call", () => {
    const newer = withCall(room, call(3, who("me"), who("anna")));
    expect(withCall(newer, call(2, who("me"))).call.version).toBe(3);
  });

  it("know whose sound comes from which place", () => {
    const heard = withSeats(room, [seat("anna-1", 1, "microphone"), seat("boris-1", 2, "screen_audio")]);
    expect(soundOf(heard, "m1")).toEqual({ username: "anna", source: "microphone" });
    expect(soundOf(heard, "m2")).toEqual({ username: "boris", source: "screen_audio" });
    expect(soundOf(heard, "m9").username).toBeNull();
  });
});

describe("the tiles after a loss", () => {
  const before = tiles(
    withVideo(withSeats(roomOf(call(9, who("anna"), who("me"), who("boris")), "me-1"), [seat("anna-1", 1)]), playing(1, 2)),
  );
  const fresh = (mid: string): MediaStreamTrack => remote(`new ${mid}`);

  it("keep the last picture until the new one plays", () => {
    const back = withSeats(roomOf(call(1, who("me", 2), who("anna", 2)), "me-2"), [seat("anna-2", 1)]);
    expect(of(tiles(back, before, fresh), "anna").camera).toMatchObject({ state: "held", track: remote("m1") });
    const shown = tiles(withVideo(back, playing(1, 0)), before, fresh);
    expect(of(shown, "anna").camera).toMatchObject({ state: "playing", track: remote("new m1") });
  });

  it("keep their places, and those of who is not back yet", () => {
    const back = roomOf(call(1, who("me", 2), who("boris", 2), who("vera")), "me-2");
    const list = tiles(back, before, fresh);
    expect(list.map((tile) => `${tile.userId} ${tile.state}`)).toEqual(["anna lost", "me connected", "boris connected", "vera connected"]);
    expect(tiles(back, [], fresh).map((tile) => tile.userId)).toEqual(["me", "boris", "vera"]);
  });

  it("show nothing of a camera that was turned off meanwhile", () => {
    const back = roomOf(call(1, who("me", 2), who("anna", 2, { camera: false })), "me-2");
    expect(of(tiles(back, before, fresh), "anna").camera).toBeNull();
  });
});
