//go:build deps

package entrepot

import (
	_ "github.com/asynkron/protoactor-go/actor"
	_ "github.com/asynkron/protoactor-go/cluster"
	_ "github.com/asynkron/protoactor-go/remote"
	_ "github.com/gin-gonic/gin"
	_ "github.com/danielgtaylor/huma/v2"
	_ "github.com/danielgtaylor/huma/v2/adapters/humagin"
	_ "go.mongodb.org/mongo-driver/v2/mongo"
	_ "github.com/rabbitmq/amqp091-go"
	_ "github.com/hashicorp/consul/api"
	_ "github.com/golang-jwt/jwt/v5"
	_ "modernc.org/sqlite"
	_ "github.com/caarlos0/env/v11"
	_ "github.com/alecthomas/kong"
	_ "github.com/anishathalye/porcupine"
	_ "pgregory.net/rapid"
	_ "go.uber.org/goleak"
	_ "google.golang.org/grpc"
	_ "google.golang.org/protobuf/proto"
	_ "golang.org/x/crypto/bcrypt"
	_ "golang.org/x/sync/errgroup"
	_ "go.opentelemetry.io/otel/trace"
	_ "golang.org/x/time/rate"
)
