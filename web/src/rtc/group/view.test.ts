import { describe, expect, it } from "vitest";
import type { Seat, ViewedTile } from "../../api/group";
import { createView } from "./view";

const seat = (participantId: string, publication: number): Seat => ({ mid: `m${publication}`, publication, participantId, source: "camera" });
const tile = (participantId: string, width: number) => ({ participantId, source: "camera" as const, width, height: width / 2 });

function screen() {
  const sent: (readonly ViewedTile[])[] = [];
  let now = 0;
  let timers: { at: number; task: () => void }[] = [];
  const view = createView({
    send: (tiles) => sent.push(tiles),
    after: (ms, task) => {
      const timer = { at: now + ms, task };
      timers.push(timer);
      return () => void (timers = timers.filter((each) => each !== timer));
    },
  });
  const pass = (ms: number): void => {
    now += ms;
    const due = timers.filter(({ at }) => at <= now);
    timers = timers.filter(({ at }) => at > now);
    for (const { task } of due) task();
  };
  return { view, sent, pass, rest: () => pass(1_000) };
}

describe("what is on the screen", () => {
  it("is told at once when something appears or grows", () => {
    const { view, sent, rest } = screen();
    view.seat([seat("anna", 1)]);
    view.show([tile("anna", 320)]);
    rest();
    view.show([tile("anna", 640)]);
    expect(sent.map((tiles) => tiles[0]?.width)).toEqual([320, 640]);
  });

  it("is told a few times a second while it grows with each frame, the last of it too", () => {
    const { view, sent, pass, rest } = screen();
    view.seat([seat("anna", 1)]);
    for (let frame = 0; frame < 60; frame += 1) {
      view.show([tile("anna", 320 + frame)]);
      pass(1_000 / 60);
    }
    rest();
    expect(sent.length).toBeLessThanOrEqual(7);
    expect(sent.at(-1)?.[0]?.width).toBe(379);
  });

  it("is told once it rests when something shrinks or goes", () => {
    const { view, sent, rest } = screen();
    view.seat([seat("anna", 1), seat("boris", 2)]);
    view.show([tile("anna", 640), tile("boris", 640)]);
    view.show([tile("anna", 320), tile("boris", 640)]);
    view.show([tile("anna", 160)]);
    expect(sent).toHaveLength(1);
    rest();
    expect(sent.at(-1)).toEqual([{ publication: 1, width: 160, height: 80 }]);
    view.show([]);
    rest();
    expect(sent.at(-1)).toEqual([]);
  });

  it("is told again when somebody on it gets a picture", () => {
    const { view, sent } = screen();
    view.show([tile("anna", 320)]);
    expect(sent).toEqual([]);
    view.seat([seat("anna", 7)]);
    expect(sent).toEqual([[{ publication: 7, width: 320, height: 160 }]]);
  });

  it("is not told twice, but anew to a server that has forgotten it", () => {
    const { view, sent, rest } = screen();
    view.seat([seat("anna", 1)]);
    view.show([tile("anna", 320)]);
    view.show([tile("anna", 320)]);
    rest();
    expect(sent).toHaveLength(1);
    view.renew();
    expect(sent).toHaveLength(2);
  });

  it("is told to be nothing, to a server that has forgotten it, while the page is hidden", () => {
    const { view, sent, rest } = screen();
    view.renew();
    expect(sent).toEqual([]);
    view.seat([seat("anna", 1)]);
    view.show([tile("anna", 320)]);
    view.show([]);
    rest();
    view.seat([]);
    view.renew();
    expect(sent.slice(1)).toEqual([[], []]);
  });
});
