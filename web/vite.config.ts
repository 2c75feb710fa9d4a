import { defineConfig } from "vitest/config";
import solid from "vite-plugin-solid";
import { VitePWA } from "vite-plugin-pwa";

/** First path segments that belong to the server; everything else is a page of this client. */
const SERVER_PATHS = ["auth", "users", "chats", "messages", "calls", "invitation-codes", "files", "notifications", "health", "api-docs", "socket.io"];
const server = process.env["ZVONILKA_SERVER"] ?? "http://127.0.0.1:3000";

export default defineConfig({
  plugins: [
    solid(),
    VitePWA({
      registerType: "prompt",
      injectRegister: null,
      includeAssets: ["favicon.svg", "apple-touch-icon.png"],
      manifest: {
        name: "Звонилка",
        short_name: "Звонилка",
        description: "Сообщения и звонки для своей семьи",
        lang: "ru",
        start_url: "/",
        scope: "/",
        display: "standalone",
        theme_color: "#2E7D32",
        background_color: "#F4F7F2",
        icons: [
          { src: "/icon-192.png", sizes: "192x192", type: "image/png" },
          { src: "/icon-512.png", sizes: "512x512", type: "image/png" },
          { src: "/icon-maskable-512.png", sizes: "512x512", type: "image/png", purpose: "maskable" },
        ],
      },
      workbox: {
        globPatterns: ["**/*.{js,css,html,svg,png}"],
        navigateFallback: "/index.html",
        navigateFallbackDenylist: SERVER_PATHS.map((path) => new RegExp(`^/${path}(/|$)`)),
        cleanupOutdatedCaches: true,
      },
    }),
  ],
  build: { target: "es2022", assetsInlineLimit: 0 },
  server: {
    proxy: Object.fromEntries(SERVER_PATHS.map((path) => [`^/${path}(/|\\?|$)`, { target: server, ws: path === "socket.io" }])),
  },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
