# syntax=docker/dockerfile:1
# By tag, for no digest of it can be vouched for here. Give one where builds have to be reproducible:
#   docker build --build-arg NODE_IMAGE=node@sha256:… .
ARG NODE_IMAGE=node:22.23.3-bookworm-slim

# What the compiler needs, and what runs: two stages, so that either is rebuilt only for its own causes.
FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY build/finish.js build/
COPY src src
COPY demo demo
COPY testing testing
RUN npm run build

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --ignore-scripts
# For those who export traces; found because it lies above /app.
WORKDIR /tracing
COPY docker/tracing/package.json docker/tracing/package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts

FROM ${NODE_IMAGE}
ENV NODE_ENV=production HERALD_CONFIG=/etc/herald/herald.yaml
WORKDIR /app
# For an operator inside the container: docker compose exec worker herald status
RUN ln -s /app/dist/src/main.js /usr/local/bin/herald
COPY --from=packages /tracing/node_modules /node_modules
COPY --from=packages /app/node_modules node_modules
COPY package.json message.schema.json openapi.json ./
COPY --from=build /app/dist dist
COPY docker/herald.yaml /etc/herald/herald.yaml
# The user `node`, as a number: Kubernetes cannot tell by a name that it is not root.
USER 1000:1000
EXPOSE 9464
# Liveness, not readiness: a Redis that is away is no reason to restart a worker. Docker reserves exit code 2.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s CMD herald health || exit 1
ENTRYPOINT ["herald"]
CMD ["worker"]
# Last, since it changes with every build.
ARG VERSION REVISION
LABEL org.opencontainers.image.title="Herald" \
  org.opencontainers.image.description="Queue-backed notification worker on BullMQ and Redis" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
