FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:22-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/package.json /app/message.schema.json ./
COPY docker/herald.yaml /etc/herald/herald.yaml
ENV HERALD_CONFIG=/etc/herald/herald.yaml
# For an operator inside the container: docker compose exec worker herald status
RUN ln -s /app/dist/src/main.js /usr/local/bin/herald
USER node
EXPOSE 9464
# Liveness, not readiness: a Redis that is away is no reason to restart a worker.
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9464/livez').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["herald"]
CMD ["worker"]
