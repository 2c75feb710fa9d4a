import { afterEach, describe, expect, it } from "vitest";
import { ApiError } from "../../api/failure";
import { CALL, CHAT, Device, person } from "./fakeDevice";
import { settle } from "./fakes";
import { RESUME_MS, RETRY_MS } from "./phase";
import { NO_SCENE } from "./scene";

describe("a device in a group call", () => {
  const devices: Device[] = [];
  const device = (): Device => {
    const made = new Device();
    devices.push(made);
    return made;
  };
  const joined = async (type: "voice" | "video" = "voice"): Promise<Device> => {
    const made = device();
    await made.join(type);
    made.requests = [];
    return made;
  };
  afterEach(() => {
    for (const each of devices.splice(0)) each.control.close();
  });

  it("starts the call, joins it and is heard", async () => {
    const d = device();
    await d.join();
    expect(d.names.slice(0, 2)).toEqual(["group_start", "group_join"]);
    expect(d.payload("group_join")).toMatchObject({ callId: CALL, tracks: [{ mid: "0", source: "microphone" }], muted: false, camera: false });
    expect(d.phase).toMatchObject({ kind: "active", participantId: "me-1", link: "good" });
    expect(d.scene.tiles.map((tile) => tile.self)).toEqual([true]);
    expect(d.privateCall).toBe("ended");
  });

  it("joins muted when it was muted in the room before", async () => {
    const d = device();
    d.control.prepare(CHAT, "video");
    await settle();
    d.control.setMuted(true);
    d.control.enter(null);
    await settle();
    expect(d.payload("group_join")).toMatchObject({ muted: true, camera: true });
    expect(d.tracks.filter((track) => track.kind === "audio")).toHaveLength(1);
    expect(d.tracks[0]?.enabled).toBe(false);
  });

  it("follows the server's offers and shows who sits where", async () => {
    const d = await joined();
    d.tellCall((known) => [...known, { ...person("anna", 1), camera: true }]);
    d.hear("group_server_offer", { callId: CALL, participantId: "me-1", number: 1, sdp: { type: "offer", sdp: "a1 v2" } });
    d.hear("group_seats", {
      callId: CALL,
      participantId: "me-1",
      seats: [
        { mid: "a1", publication: 1, participantId: "anna-1", source: "microphone" },
        { mid: "v2", publication: 2, participantId: "anna-1", source: "camera" },
      ],
    });
    await settle();
    expect(d.payload("group_answer")).toMatchObject({ number: 1, participantId: "me-1" });
    expect(d.scene.sounds).toMatchObject([{ username: "anna", source: "microphone" }]);
    d.hear("group_video", { callId: CALL, participantId: "me-1", publication: 2, state: "playing", layer: 1 });
    expect(d.scene.tiles[1]).toMatchObject({ username: "anna", camera: { state: "playing", layer: 1 } });
    d.control.show([{ participantId: "anna-1", source: "camera", width: 640, height: 360 }]);
    await settle();
    expect(d.payload("group_view")).toMatchObject({ tiles: [{ publication: 2, width: 640, height: 360 }] });
  });

  it("keeps what the server said of it before the answer that names it", async () => {
    const d = device();
    d.control.start(CHAT, "voice");
    d.hear("group_server_offer", { callId: CALL, participantId: "me-1", number: 1, sdp: { type: "offer", sdp: "a1 v2" } });
    d.hear("group_server_offer", { callId: CALL, participantId: "anna-1", number: 9, sdp: { type: "offer", sdp: "a9" } });
    await settle();
    expect(d.names.filter((name) => name === "group_answer")).toHaveLength(1);
    expect(d.payload("group_answer")).toMatchObject({ number: 1 });
  });

  it("knows who came in while the answer that joins it was under way", async () => {
    const d = device();
    const answer = d.hold("group_join");
    d.control.start(CHAT, "voice");
    await settle();
    d.tellCall((known) => [...known, person("anna", 1)]);
    answer();
    await settle();
    expect(d.scene.tiles.map((tile) => tile.userId)).toEqual(["me", "anna"]);
  });

  it("tells its own switches, each once", async () => {
    const d = await joined("video");
    d.control.setMuted(true);
    d.control.setMuted(true);
    await d.control.setCamera(false);
    const told = d.requests.filter(({ name }) => name === "group_state").map(({ payload }) => [payload["muted"], payload["camera"]]);
    expect(told).toEqual([
      [true, true],
      [true, false],
    ]);
    expect(d.names).not.toContain("group_offer");
  });

  it("is muted by a moderator, and can unmute itself", async () => {
    const d = await joined();
    d.tellCall((known) => known.map((each) => ({ ...each, muted: true, mutedBy: "anna" })));
    expect(d.media).toMatchObject({ muted: true });
    d.control.setMuted(false);
    await settle();
    expect(d.payload("group_state")).toMatchObject({ muted: false });
    d.tellCall((known) => [...known, person("boris", 1)]);
    expect(d.media).toMatchObject({ muted: false });
  });

  it("shares a screen with its sound until the browser's own button ends it", async () => {
    const d = await joined();
    await d.control.shareScreen(true);
    expect(d.payload("group_offer")["tracks"]).toHaveLength(3);
    expect(d.payload("group_state")).toMatchObject({ screen: true });
    d.tracks.at(-2)?.onended?.();
    await settle();
    expect(d.media?.screen).toBeNull();
    expect(d.payload("group_offer")["tracks"]).toHaveLength(1);
    expect(d.tracks.at(-1)?.stopped).toBe(true);
  });

  it("tells why no screen can be shown, and goes on", async () => {
    const d = await joined();
    d.refusals.group_offer = new ApiError("call.publications", 400);
    await expect(d.control.shareScreen(true)).rejects.toThrow("call.publications");
    expect(d.media?.screen).toBeNull();
    expect(d.phase).toMatchObject({ kind: "active", link: "good" });
  });

  it("is in its place again when only the socket was lost", async () => {
    const d = await joined();
    d.setLink("down");
    d.setLink("up");
    await settle();
    expect(d.names).toEqual(["group_resume", "group_state"]);
    expect(d.connections).toHaveLength(1);
    expect(d.phase).toMatchObject({ link: "good" });
  });

  it("joins anew after a kill of the server, with everything as it was, and keeps the old pictures till then", async () => {
    const d = await joined("video");
    d.control.setMuted(true);
    await d.control.shareScreen(true);
    d.tellCall((known) => [...known, person("anna", 1)]);
    await d.killServer();
    expect(d.phase).toMatchObject({ kind: "active", participantId: "me-2", link: "restoring" });
    expect(d.payload("group_join")).toMatchObject({ muted: true, camera: true });
    expect(d.payload("group_offer")["tracks"]).toHaveLength(4);
    expect(d.scene.tiles.map((tile) => `${tile.userId} ${tile.state}`)).toEqual(["me connected", "anna lost"]);
    expect(d.connections.map((each) => each.closed)).toEqual([false, false]);
    d.connection.goes("connected");
    expect(d.connections.map((each) => each.closed)).toEqual([true, false]);
    expect(d.phase).toMatchObject({ link: "good" });
    await d.pass(10_000);
    expect(d.scene.tiles.map((tile) => tile.userId)).toEqual(["me"]);
    expect(d.tracks.some((track) => track.stopped)).toBe(false);
  });

  it("asks over another socket when the server it asked says nothing", async () => {
    const d = await joined();
    const answer = d.hold("group_resume");
    d.setLink("down");
    d.setLink("up");
    await settle();
    await d.pass(RESUME_MS);
    expect(d.phase).toMatchObject({ kind: "active", link: "server_lost" });
    answer();
    d.requests = [];
    d.setLink("up");
    await settle();
    expect(d.names).toContain("group_resume");
    expect(d.phase).toMatchObject({ participantId: "me-1", link: "good" });
  });

  it("stays away when this account is in the call on another device by then", async () => {
    const d = await joined();
    d.setLink("down");
    d.holds = false;
    d.participants = [person("anna", 1), { ...person("me", 9) }];
    d.setLink("up");
    await settle();
    expect(d.phase).toMatchObject({ kind: "over", reason: "moved" });
    expect(d.names).not.toContain("group_join");
    expect(d.tracks.every((track) => track.stopped)).toBe(true);
    const other = await joined();
    other.tellCall(() => [person("me", 9)]);
    expect(other.phase).toMatchObject({ kind: "over", reason: "moved" });
  });

  it("does not take itself, on the way back, for another device", async () => {
    const d = await joined();
    const answer = d.hold("group_join");
    await d.killServer();
    d.tellCall(() => [person("me", 2)]);
    answer();
    await settle();
    d.connection.goes("connected");
    expect(d.phase).toMatchObject({ kind: "active", participantId: "me-2", link: "good" });
  });

  it("tells its switches again when the server had no time for them", async () => {
    const d = await joined();
    d.refusals.group_state = new ApiError("call.too_much", 400);
    d.control.setMuted(true);
    await settle();
    delete d.refusals.group_state;
    await d.pass(1_000);
    expect(d.names.filter((name) => name === "group_state")).toHaveLength(2);
    expect(d.payload("group_state")).toMatchObject({ muted: true });
    await d.pass(5_000);
    expect(d.names.filter((name) => name === "group_state")).toHaveLength(2);
  });

  it("stays in the call when the server has no time for an answer, and has the offer repeated", async () => {
    const d = await joined();
    d.refusals.group_answer = new ApiError("call.too_much", 400);
    d.hear("group_server_offer", { callId: CALL, participantId: "me-1", number: 1, sdp: { type: "offer", sdp: "a1" } });
    await settle();
    delete d.refusals.group_answer;
    expect(d.phase).toMatchObject({ kind: "active", link: "good" });
    await d.pass(1_000);
    expect(d.names).toContain("group_resume");
  });

  it("restarts the path of a connection that broke, and joins anew when that is of no use", async () => {
    const d = await joined();
    d.connection.goes("disconnected");
    await d.pass(2_000);
    expect(d.connection.restarts).toBe(1);
    expect(d.names).toContain("group_offer");
    await d.pass(6_000);
    expect(d.names).toContain("group_join");
    expect(d.connections).toHaveLength(2);
  });

  it("offers the same again when nobody answers, without another connection", async () => {
    const d = device();
    d.refusals.group_join = new ApiError("busy", 400);
    d.control.start(CHAT, "voice");
    await settle();
    await d.pass(500);
    delete d.refusals.group_join;
    await d.pass(500);
    d.connection.goes("connected");
    expect(d.names.filter((name) => name === "group_join")).toHaveLength(3);
    expect(d.connections).toHaveLength(1);
    expect(d.phase).toMatchObject({ kind: "active", link: "good" });
  });

  it("takes the answer to its offer also when it has asked once more meanwhile", async () => {
    const d = await joined();
    d.refusals.group_join = new ApiError("network", 0);
    await d.killServer();
    delete d.refusals.group_join;
    const answer = d.hold("group_join");
    d.setLink("down");
    d.setLink("up");
    await settle();
    await d.pass(RETRY_MS);
    answer();
    await settle();
    d.connection.goes("connected");
    expect(d.phase).toMatchObject({ kind: "active", participantId: "me-2", link: "good" });
    expect(d.names).not.toContain("group_leave");
  });

  it("ends the call it started, if its page goes away before it has joined", async () => {
    const d = device();
    d.hold("group_join");
    d.control.start(CHAT, "voice");
    await settle();
    d.control.vanish();
    expect(d.names.at(-1)).toBe("told group_decline");
  });

  it("knows the call it started when the answer was lost and it asked again", async () => {
    const d = device();
    d.refusals.group_start = new ApiError("network", 0);
    d.control.start(CHAT, "voice");
    await settle();
    delete d.refusals.group_start;
    d.isLiving = true;
    d.hold("group_join");
    await d.pass(RETRY_MS);
    d.control.leave();
    await settle();
    expect(d.names).toContain("group_decline");
  });

  it("leaves a joining that was called off when it comes about", async () => {
    const d = device();
    d.control.start(CHAT, "voice");
    for (let i = 0; i < 100 && !d.names.includes("group_join"); i += 1) await Promise.resolve();
    d.control.dismiss();
    await settle();
    expect(d.phase).toEqual({ kind: "idle" });
    expect(d.payload("group_leave")).toMatchObject({ callId: CALL, participantId: "me-1" });
    expect(d.tracks.every((track) => track.stopped)).toBe(true);
  });

  it("says how it ended when it was moved, removed or refused", async () => {
    const moved = await joined();
    moved.hear("group_moved", { callId: CALL });
    expect(moved.phase).toMatchObject({ kind: "over", reason: "moved" });
    expect(moved.names).not.toContain("group_leave");
    const full = device();
    full.refusals.group_join = new ApiError("call.full", 400);
    full.control.start(CHAT, "voice");
    await settle();
    expect(full.phase).toMatchObject({ kind: "over", reason: "full" });
    expect(full.connection.closed).toBe(true);
  });

  it("takes the devices of the private call it grew out of, which goes on until this one is heard", async () => {
    const d = device();
    const microphone = d.track("audio");
    d.given = { microphone, camera: null, muted: true };
    d.hear("group_grown", { call: d.call });
    await settle();
    expect(d.payload("group_join")).toMatchObject({ muted: true });
    expect(d.tracks).toHaveLength(1);
    expect(d.privateCall).toBe("goes on");
    d.connection.goes("connected");
    expect(d.privateCall).toBe("dropped");
    expect(d.tracks[0]?.stopped).toBe(false);
  });

  it("opens no microphone for a private call of another page, or one it has hung up, that grows", async () => {
    const d = device();
    d.privateId = null;
    d.hear("group_grown", { call: d.call });
    await settle();
    expect(d.phase).toEqual({ kind: "idle" });
    expect(d.tracks).toEqual([]);
  });

  it("leaves when the page goes away", async () => {
    const d = await joined();
    d.control.vanish();
    expect(d.names).toEqual(["told group_leave"]);
  });

  it("lets go of everything when one leaves", async () => {
    const d = await joined("video");
    d.control.leave();
    await settle();
    expect(d.names).toEqual(["group_leave"]);
    expect(d.tracks.every((track) => track.stopped)).toBe(true);
    expect(d.connection.closed).toBe(true);
    expect(d.scene).toEqual(NO_SCENE);
  });
});
