# syntax=docker/dockerfile:1
# tajo in a container: no root, nothing to write but /state, no shell needed. docs/install.md says how it is run.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
RUN node -e "if (Number(process.versions.node.split('.')[0]) < 22) throw new Error('The image needs Node 22 or newer.')"
COPY package.json package-lock.json ./
# Nothing is compiled: better-sqlite3 13 carries its binaries (docs/decisions/0014-two-drivers.md).
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run -s build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund
# What only some need: --build-arg WITH="nodemailer pg pg-copy-streams"
ARG WITH=""
# Where package.json names them in another role, npm leaves them out.
RUN npm pkg delete devDependencies peerDependencies peerDependenciesMeta && rm package-lock.json \
  && if [ -n "$WITH" ]; then npm install --no-save --ignore-scripts --no-audit --no-fund $WITH; fi \
  && find node_modules -mindepth 1 -maxdepth 1 -type d -empty -delete
RUN mkdir /empty

FROM ${NODE_IMAGE}
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="tajo" \
  org.opencontainers.image.description="Keeps a helpdesk and Brevo in step" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json /app/LICENSE ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/schema schema
COPY --from=build --chown=65532:65532 --chmod=700 /empty /state
USER 65532:65532
VOLUME /state
EXPOSE 8787
STOPSIGNAL SIGTERM
# Where connectors.yml names another port: -e TAJO_HEALTH_PORT=9000.
ENV TAJO_HEALTH_PORT=8787
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.TAJO_HEALTH_PORT}/livez`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/cli.js"]
CMD ["start", "--config", "/config/connectors.yml", "--state-dir", "/state"]
