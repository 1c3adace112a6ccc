# Any image that has Node 26 and npm serves; tests hold the version to the one of package.json.
ARG NODE_IMAGE=node:26.10.0-trixie-slim

FROM ${NODE_IMAGE} AS build
ENV NPM_CONFIG_UPDATE_NOTIFIER=false
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY migrations migrations
COPY tools/bundle.mjs tools/joining.mjs tools/
COPY src src
# Whatever umask the checkout was made with, the user below can read the result and nobody can write it.
RUN npm run build && chmod -R a+rX,go-w dist/bundle package.json
# Nothing loads them.
RUN find node_modules/@electric-sql/pglite node_modules/swagger-ui-dist -name '*.map' -delete
RUN mkdir /data

FROM ${NODE_IMAGE}
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATABASE_DIR=/data
WORKDIR /app
# The one folder that the service writes to, and only without DATABASE_URL: mount a volume here, as the root may be read-only.
COPY --from=build --chown=10001:10001 /data /data
# The bundle has all packages but these two, which read files that lie beside their code.
COPY --from=build /app/node_modules/@electric-sql/pglite node_modules/@electric-sql/pglite
COPY --from=build /app/node_modules/swagger-ui-dist node_modules/swagger-ui-dist
COPY --from=build /app/package.json ./
COPY --from=build /app/dist/bundle dist/bundle
# A number, so that an orchestrator can tell that it is not root.
USER 10001:10001
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health/live').then(({ ok }) => process.exit(ok ? 0 : 1))"]
# Node itself is process 1: it gets SIGTERM, drains and exits with 0. `docker run IMAGE dist/bundle/migrate.js` migrates.
ENTRYPOINT ["node", "--max-semi-space-size=32", "--no-memory-reducer", "--no-allocation-site-pretenuring"]
CMD ["dist/bundle/main.js"]
ARG VERSION=0.0.0-local
ARG REVISION=unknown
LABEL org.opencontainers.image.title="basket-service" \
  org.opencontainers.image.description="Keeps shoppers' baskets: an event-sourced REST microservice" \
  org.opencontainers.image.licenses="UNLICENSED" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
