// Says who came and who went, for who cannot see it.

import { createEffect, createSignal, on } from "solid-js";
import { useI18n } from "../../i18n";
import type { GroupTile } from "../../stores/group";
import { useHome } from "../context";

export function GroupAnnouncer() {
  const { group } = useHome();
  const { t } = useI18n();
  const [words, setWords] = createSignal("");
  const others = (): readonly GroupTile[] => group.participants().filter((tile) => !tile.self);
  createEffect(
    on(others, (now, before) => {
      if (!before) return;
      const was = new Map(before.map((tile) => [tile.userId, tile]));
      const is = new Set(now.map((tile) => tile.userId));
      const said = [
        ...now.filter((tile) => !was.has(tile.userId)).map((tile) => t("group.said_in", { name: tile.username })),
        ...before.filter((tile) => !is.has(tile.userId)).map((tile) => t("group.said_out", { name: tile.username })),
        ...now
          .filter((tile) => tile.state === "lost" && was.get(tile.userId)?.state === "connected")
          .map((tile) => t("group.said_lost", { name: tile.username })),
      ];
      if (said.length > 0) setWords(said.join(". "));
    }),
  );
  return (
    <p class="vh" role="status">
      {words()}
    </p>
  );
}
