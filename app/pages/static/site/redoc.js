"use strict";
addEventListener("DOMContentLoaded", () => {
  const options = {
    hideDownloadButton: false,
    expandResponses: "200",
    // fonts of the system: nothing is fetched from another host
    theme: {
      typography: {
        fontFamily: "system-ui, sans-serif",
        headings: { fontFamily: "system-ui, sans-serif" },
        code: { fontFamily: "ui-monospace, monospace" },
      },
    },
  };
  // relative: the API may be served below a path
  Redoc.init("openapi.json", options, document.getElementById("reference"));
});
