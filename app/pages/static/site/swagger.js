"use strict";
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

addEventListener("DOMContentLoaded", () => {
  SwaggerUIBundle({
    // relative: the API may be served below a path
    url: "openapi.json",
    dom_id: "#reference",
    deepLinking: true,
    displayRequestDuration: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    filter: true,
    tryItOutEnabled: true,
    // its badge asks another host whether the description is valid
    validatorUrl: null,
  });
});
