import { describe, expect, it } from "vitest";
import { ApiError } from "../../api/failure";
import type { OfferedTrack } from "../../api/group";
import type { Description } from "../../api/wire";
import { FakeConnection, FakeTrack, settle } from "./fakes";
import { createGroupPeer, type Answered } from "./peer";

/** One connection to a server that answers when it is told to, or at once. */
class Side {
  connection = new FakeConnection();
  offers: { sdp: string; tracks: readonly OfferedTrack[] }[] = [];
  answered: string[] = [];
  ignored = 0;
  failures: (ApiError | null)[] = [];
  answer: ((answer: Answered | ApiError) => void) | null = null;
  waits = false;
  refusal: ApiError | null = null;

  readonly peer;

  constructor(options: { camera?: FakeTrack; withCamera?: boolean } = {}) {
    this.peer = createGroupPeer({
      connection: this.connection.as(),
      codecs: () => [],
      microphone: new FakeTrack("audio").as(),
      camera: options.camera?.as() ?? null,
      withCamera: options.withCamera ?? false,
      exchange: (offer, tracks) => this.exchange(offer, tracks),
      answer: (number, sdp) => Promise.resolve(this.answered.push(`${number}: ${sdp.sdp}`)),
      onPath: () => {},
      onTracks: () => {},
      onIgnored: () => void (this.ignored += 1),
      onFailed: (error) => this.failures.push(error),
    });
  }

  get sources(): string[] {
    return (this.offers.at(-1)?.tracks ?? []).map(({ mid, source }) => `${mid} ${source}`);
  }

  private exchange(offer: Description, tracks: readonly OfferedTrack[]): Promise<Answered> {
    this.offers.push({ sdp: offer.sdp, tracks });
    if (this.refusal) return Promise.reject(this.refusal);
    const publications = tracks.map(({ mid }) => ({ mid, publication: 100 + Number(mid) }));
    const answer: Answered = { sdp: { type: "answer", sdp: `answer to ${offer.sdp}` }, publications };
    if (!this.waits) return Promise.resolve(answer);
    return new Promise((resolve, reject) => {
      this.answer = (given) => (given instanceof ApiError ? reject(given) : resolve({ ...answer, ...given }));
    });
  }

  reply(): void {
    this.answer?.({} as Answered);
  }
}

const serverOffer = (sdp: string): Description => ({ type: "offer", sdp });
const screen = (sound = true) => ({ picture: new FakeTrack("video", "screen").as(), sound: sound ? new FakeTrack("audio", "film").as() : null });

describe("what goes up", () => {
  it("is the microphone alone, and a place for pictures if they are to be expected", async () => {
    const voice = new Side();
    const video = new Side({ withCamera: true });
    await settle();
    expect(voice.sources).toEqual(["0 microphone"]);
    expect(video.sources).toEqual(["0 microphone", "1 camera"]);
    expect(video.connection.transceivers[1]?.active).toHaveLength(3);
  });

  it("shows a camera without another offer where there is a place, else with one", async () => {
    const side = new Side({ withCamera: true });
    side.peer.setCamera(new FakeTrack("video").as());
    side.peer.setCamera(null);
    await settle();
    expect(side.offers).toHaveLength(1);
    const voice = new Side();
    voice.peer.setCamera(new FakeTrack("video").as());
    await settle();
    expect(voice.sources).toEqual(["0 microphone", "1 camera"]);
    voice.peer.setCamera(null);
    await settle();
    expect(voice.offers).toHaveLength(2);
  });

  it("has the screen and its sound in places that are used again", async () => {
    const side = new Side();
    await side.peer.setScreen(screen());
    expect(side.sources).toEqual(["0 microphone", "1 screen", "2 screen_audio"]);
    await side.peer.setScreen(null);
    expect(side.sources).toEqual(["0 microphone"]);
    await side.peer.setScreen(screen(false));
    expect(side.sources).toEqual(["0 microphone", "1 screen"]);
    expect(side.connection.transceivers).toHaveLength(3);
  });

  it("takes a screen back that the server refuses, and goes on", async () => {
    const side = new Side();
    await settle();
    side.refusal = new ApiError("call.publications", 400);
    await expect(side.peer.setScreen(screen())).rejects.toThrow("call.publications");
    expect(side.connection.signalingState).toBe("stable");
    side.refusal = null;
    side.peer.setCamera(new FakeTrack("video").as());
    await settle();
    expect(side.sources.map((each) => each.split(" ")[1])).toEqual(["microphone", "camera"]);
    expect(side.failures).toEqual([]);
  });

  it("stops the layers nobody watches", async () => {
    const side = new Side({ camera: new FakeTrack("video") });
    await settle();
    side.peer.setLayers(101, [true, false, false]);
    await settle();
    expect(side.connection.transceivers[1]?.active).toEqual([true, false, false]);
    side.peer.setLayers(101, [true, true, true]);
    await settle();
    expect(side.connection.transceivers[1]?.active).toEqual([true, true, true]);
  });

  it("goes on as it was in a browser that does not take other layers", async () => {
    const side = new Side({ camera: new FakeTrack("video") });
    await settle();
    const camera = side.connection.transceivers[1];
    if (camera) camera.sender.setParameters = () => Promise.reject(new Error("not taken"));
    side.peer.setLayers(101, [true, false, false]);
    side.peer.setCamera(new FakeTrack("video").as());
    await settle();
    expect(side.failures).toEqual([]);
  });
});

describe("the layers of a camera", () => {
  it("go up to the full size of its picture, also when another camera takes over", async () => {
    const vga = new FakeTrack("video", "old webcam", { width: 640, height: 480 });
    const side = new Side({ camera: vga });
    await settle();
    expect(side.connection.transceivers[1]?.scales).toEqual([2, 1]);
    side.peer.setCamera(new FakeTrack("video", "phone", { width: 720, height: 1280 }).as());
    await settle();
    expect(side.connection.transceivers[1]?.scales).toEqual([4, 2, 1]);
    side.peer.setLayers(101, [false, true, false]);
    await settle();
    expect(side.connection.transceivers[1]?.scales).toEqual([2]);
  });
});

describe("offers from both sides", () => {
  it("are answered with their number, one after the other", async () => {
    const side = new Side();
    await settle();
    side.peer.handleOffer(1, serverOffer("a1 v2"));
    side.peer.handleOffer(2, serverOffer("a1 v2 a3 v4"));
    await settle();
    // The first was overtaken before it was looked at.
    expect(side.answered).toEqual(["2: our answer 1"]);
    expect(side.peer.sounds().map((sound) => sound.mid)).toEqual(["a1", "a3"]);
    expect(side.peer.remote("v4")).not.toBeNull();
    expect(side.peer.remote("v9")).toBeNull();
  });

  it("have ours go first when they meet: the server's comes again", async () => {
    const side = new Side();
    await settle();
    side.waits = true;
    side.peer.restart();
    await settle();
    side.peer.handleOffer(1, serverOffer("a1 v2"));
    side.reply();
    await settle();
    expect(side.answered).toEqual([]);
    expect(side.ignored).toBe(1);
    side.peer.handleOffer(2, serverOffer("a1 v2"));
    await settle();
    expect(side.answered).toEqual(["2: our answer 1"]);
  });

  it("take the server's offer that came with the first answer", async () => {
    const side = new Side();
    side.waits = true;
    await settle();
    side.peer.handleOffer(1, serverOffer("a1 v2"));
    side.reply();
    await settle();
    expect(side.answered).toEqual(["1: our answer 1"]);
  });

  it("repeat ours as it was when its answer got lost, then go on", async () => {
    const side = new Side();
    await settle();
    side.waits = true;
    side.peer.restart();
    await settle();
    side.answer?.(new ApiError("network", 0));
    await settle();
    expect(side.failures.map((failure) => failure?.code)).toEqual(["network"]);
    side.waits = false;
    side.peer.resend();
    await settle();
    expect(side.offers.map((offer) => offer.sdp)).toEqual(["our offer 1", "our offer 2", "our offer 2"]);
    expect(side.connection.signalingState).toBe("stable");
  });

  it("tell a connection that cannot follow", async () => {
    const side = new Side();
    await settle();
    side.connection.setRemoteDescription = () => Promise.reject(new Error("m-lines out of order"));
    side.peer.handleOffer(1, serverOffer("a1 v2"));
    await settle();
    expect(side.failures).toEqual([null]);
  });
});
