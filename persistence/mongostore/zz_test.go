package mongostore
import ("testing";"context";"fmt";"time"
"go.mongodb.org/mongo-driver/v2/bson"
"go.mongodb.org/mongo-driver/v2/mongo"
"go.mongodb.org/mongo-driver/v2/mongo/options")
func TestZZ(t *testing.T){
 ctx:=context.Background()
 c,err:=mongo.Connect(options.Client().ApplyURI("mongodb://127.0.0.1:27017/").SetTimeout(5*time.Second)); if err!=nil{t.Fatal(err)}
 db:=c.Database("zzprobe"); defer db.Drop(ctx)
 co:=db.Collection("things")
 for _,m:=range []mongo.IndexModel{
  {Keys:bson.D{{"number",1}},Options:options.Index().SetName("unique_number").SetUnique(true).SetPartialFilterExpression(bson.D{{"number",bson.D{{"$gt",""}}}})},
  {Keys:bson.D{{"serial",1}},Options:options.Index().SetName("unique_serial").SetUnique(true).SetPartialFilterExpression(bson.D{{"serial",bson.D{{"$exists",true}}}})},
  {Keys:bson.D{{"wakeAt",1},{"_id",1}},Options:options.Index().SetName("wakeAt").SetPartialFilterExpression(bson.D{{"wakeAt",bson.D{{"$exists",true}}}})},
 }{ n,err:=co.Indexes().CreateOne(ctx,m); fmt.Println(n,err); n,err=co.Indexes().CreateOne(ctx,m); fmt.Println("again",n,err) }
 up:=func(id any,v int,d bson.D){ 
  d=append(bson.D{{"version",v}},d...)
  r,err:=co.BulkWrite(ctx,[]mongo.WriteModel{mongo.NewReplaceOneModel().SetFilter(bson.D{{"_id",id},{"version",v-1}}).SetReplacement(d).SetUpsert(true)},options.BulkWrite().SetOrdered(false))
  fmt.Printf("%v v%d: %+v err=%v\n",id,v,r,err)
  if be,ok:=err.(mongo.BulkWriteException);ok{ for _,e:=range be.WriteErrors{ fmt.Println("  ",e.Code,e.Index,e.Message,e.Raw) } }
 }
 a,b:=bson.NewObjectID(),bson.NewObjectID()
 up(a,1,bson.D{{"number","N-1"},{"serial",1}})
 up(a,1,bson.D{{"number","N-1"}})
 up(a,1,bson.D{})
 up(b,1,bson.D{{"number","N-1"}})
 up(b,1,bson.D{{"serial",1}})
 up(b,1,bson.D{{"number",""}})
 up(bson.NewObjectID(),1,bson.D{{"number",""}})
 up(bson.NewObjectID(),1,bson.D{{"state",bson.D{{"$gt","x"},{"a.b",1},{"",2}}}})
 up("a\x00b",1,bson.D{{"name","a\x00b"}})
 up(b,2,bson.D{{"number","N-1"}})
 up(a,1,bson.D{{"number","N-2"}})
 up(bson.NewObjectID(),5,bson.D{})
 up(a,2,bson.D{{"number","N-1"}})
 var r bson.Raw
 fmt.Println(db.RunCommand(ctx,bson.D{{"buildInfo",1}}).Decode(&r),r.Lookup("version"))
 fmt.Println(db.RunCommand(ctx,bson.D{{"hello",1}}).Decode(&r),r)
 for _,q:=range []bson.D{ {{"number","N-1"}}, {{"number",bson.D{{"$eq","N-1"},{"$gt",""}}}}, {{"number",bson.D{{"$gte","N"},{"$lt","O"},{"$gt",""}}}}}{
 err=db.RunCommand(ctx,bson.D{{"explain",bson.D{{"find","things"},{"filter",q}}}}).Decode(&r); fmt.Println(err,r)}
}
