FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/entrepot ./cmd/entrepot
# Made here because an empty image can make no directories. A new volume mounted on /data/keys takes its
# owner from it.
RUN mkdir -p /out/data/keys

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /usr/local/go/lib/time/zoneinfo.zip /zoneinfo.zip
COPY --from=build /out/entrepot /entrepot
COPY --from=build --chown=65532:65532 /out/data /data
ENV ZONEINFO=/zoneinfo.zip DATA_DIR=/data HOST=0.0.0.0
USER 65532:65532
VOLUME /data
EXPOSE 8000-8012
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=12 CMD ["/entrepot", "health"]
ENTRYPOINT ["/entrepot"]
CMD ["serve"]
