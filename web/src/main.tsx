// Builds the stores in their order and shows the screens.

import { render } from "solid-js/web";
import { clock, exclusively, sessionStorage } from "./api/browser";
import { createApi, refreshTokens } from "./api/client";
import { createTokens } from "./api/tokens";
import { createI18n, I18nContext } from "./i18n";
import { createRouteStore } from "./stores/route";
import { createSessionStore } from "./stores/session";
import { createThemeStore } from "./stores/theme";
import "./styles/index.css";
import { App } from "./views/App";
import { AppContext } from "./views/context";
import { registerShell } from "./views/update";

function Root() {
  const tokens = createTokens({ storage: sessionStorage, exclusive: exclusively("zvonilka.refresh"), refresh: refreshTokens, ...clock });
  const api = createApi(tokens);
  const stores = { session: createSessionStore(api, tokens), route: createRouteStore(), theme: createThemeStore() };
  return (
    <I18nContext.Provider value={createI18n()}>
      <AppContext.Provider value={stores}>
        <App api={api} tokens={tokens} />
      </AppContext.Provider>
    </I18nContext.Provider>
  );
}

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
registerShell();
render(() => <Root />, root);
