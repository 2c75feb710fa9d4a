// Which pictures are really in sight, and how large: the server sends these and no others.

import { createEffect, createMemo, onCleanup, onMount } from "solid-js";
import type { ShownTile } from "../../stores/group";

export interface Shown {
  /** Counts `element` as a picture until the returned function is called. */
  watch(element: Element, tile: Pick<ShownTile, "participantId" | "source">): () => void;
}

interface Watched {
  tile: Pick<ShownTile, "participantId" | "source">;
  inSight: boolean;
  width: number;
  height: number;
}

/** The wire has 16 bits for a side. */
const MAX_SIDE = 0xffff;

/** Tells `show` the whole of what is in sight, each time it is another. */
export function createShown(show: (tiles: readonly ShownTile[]) => void): Shown {
  const watched = new Map<Element, Watched>();
  let told = "[]";
  let isDue = false;

  function tell(): void {
    isDue = false;
    const tiles = [...watched.values()].filter(isInSight).map(shownOf);
    const now = JSON.stringify(tiles);
    if (now === told) return;
    told = now;
    show(tiles);
  }

  // One change of the layout moves many pictures: they are told together.
  function due(): void {
    if (isDue) return;
    isDue = true;
    queueMicrotask(tell);
  }

  const sizes = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) {
      const one = watched.get(target);
      if (one) Object.assign(one, { width: contentRect.width, height: contentRect.height });
    }
    due();
  });
  const sights = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const one = watched.get(target);
      if (one) one.inSight = isIntersecting;
    }
    due();
  });
  onCleanup(() => {
    sizes.disconnect();
    sights.disconnect();
  });

  return {
    watch(element, tile) {
      watched.set(element, { tile, inSight: false, width: 0, height: 0 });
      sizes.observe(element);
      sights.observe(element);
      return () => {
        sizes.unobserve(element);
        sights.unobserve(element);
        watched.delete(element);
        due();
      };
    },
  };
}

const isInSight = ({ inSight, width, height }: Watched): boolean => inSight && width > 0 && height > 0;

function shownOf({ tile, width, height }: Watched): ShownTile {
  const pixels = (side: number): number => Math.min(MAX_SIDE, Math.max(1, Math.round(side * window.devicePixelRatio)));
  return { ...tile, width: pixels(width), height: pixels(height) };
}

/** Counts the element of a component as the picture that `tile` names, while there is one. */
export function watchPicture(shown: Shown, element: () => Element, tile: () => Pick<ShownTile, "participantId" | "source"> | null): void {
  const what = createMemo(tile, null, { equals: (a, b) => a?.participantId === b?.participantId && a?.source === b?.source });
  onMount(() => {
    createEffect(() => {
      const named = what();
      if (named) onCleanup(shown.watch(element(), { participantId: named.participantId, source: named.source }));
    });
  });
}
