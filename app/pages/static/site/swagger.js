"use strict";
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
