// Rows of the people of a call.

import { Show } from "solid-js";
import type { UserId } from "../../api/wire";
import { useI18n } from "../../i18n";
import type { GroupTile } from "../../stores/group";
import { Avatar } from "../../ui/Avatar";
import { Icon } from "../../ui/Icon";
import { useHome } from "../context";
import { usePresenceWords } from "../PersonLine";
import { qualityWords, stateText } from "./words";

export interface PersonInCallProps {
  tile: GroupTile;
  /** The one who looks may mute and remove. */
  moderated: boolean;
  onMute(): void;
  onRemove(): void;
}

export function PersonInCall(props: PersonInCallProps) {
  const { t } = useI18n();
  const words = (): string => {
    const { tile } = props;
    const state = stateText(t, tile);
    if (state) return state;
    const parts = [t(tile.muted ? "tile.mic_off" : tile.speaking ? "tile.speaking" : "tile.mic_on")];
    const quality = qualityWords(t, tile);
    if (quality) parts.push(quality.title.toLocaleLowerCase());
    return parts.join(" · ");
  };
  return (
    <li class="li tight-end" data-testid="person-in-call" data-user={props.tile.username}>
      <Avatar id={props.tile.userId} name={props.tile.username} size={44} />
      <span class="li-in">
        <span class="li-t">
          <b class="one">{props.tile.self ? t("panel.you", { name: props.tile.username }) : props.tile.username}</b>
        </span>
        <span class="li-b">
          <span class="one">{words()}</span>
        </span>
      </span>
      <Show when={props.moderated && !props.tile.self}>
        <Show when={!props.tile.muted}>
          <button
            class="ib"
            aria-label={t("panel.mute", { name: props.tile.username })}
            title={t("panel.mute", { name: props.tile.username })}
            onClick={() => props.onMute()}
            data-testid="panel-mute"
          >
            <Icon name="micoff" />
          </button>
        </Show>
        <button
          class="ib"
          aria-label={t("panel.remove", { name: props.tile.username })}
          title={t("panel.remove", { name: props.tile.username })}
          onClick={() => props.onRemove()}
          data-testid="panel-remove"
        >
          <Icon name="out" />
        </button>
      </Show>
    </li>
  );
}

/** Somebody who is not in the call: `words`, or whether that person is there. */
export function OtherRow(props: { id: UserId; name: string; words?: string; onInvite?: () => void }) {
  const { people } = useHome();
  const { t } = useI18n();
  const presence = usePresenceWords();
  const words = (): string => {
    const person = people.find(props.id);
    return props.words ?? (person ? presence(person) : "");
  };
  return (
    <li class="li tight-end" data-testid="person-outside" data-user={props.name}>
      <Avatar id={props.id} name={props.name} size={44} online={people.find(props.id)?.online ?? false} />
      <span class="li-in">
        <span class="li-t">
          <b class="one">{props.name}</b>
        </span>
        <span class="li-b">
          <span class="one">{words()}</span>
        </span>
      </span>
      <Show when={props.onInvite}>
        {(invite) => (
          <button
            class="btn soft"
            aria-label={t("panel.invite", { name: props.name })}
            onClick={() => invite()()}
            data-testid="panel-invite"
          >
            {t("panel.call")}
          </button>
        )}
      </Show>
    </li>
  );
}
