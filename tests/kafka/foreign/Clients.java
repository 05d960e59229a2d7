import org.apache.kafka.clients.admin.*; import org.apache.kafka.clients.consumer.*; import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*; import org.apache.kafka.common.serialization.*; import org.apache.kafka.common.config.*; import org.apache.kafka.common.acl.*; import org.apache.kafka.common.resource.*;
import java.util.*; import java.time.*; import java.util.concurrent.*;
/** What Java's clients do with a cluster: each line of output is a step, OK or FAIL. Started by test_foreign.py. */
public class Clients {
 static String B; static Map<String,Object> m(Object... kv){ Map<String,Object> r=new HashMap<>(); r.put("bootstrap.servers",B); for(int i=0;i<kv.length;i+=2) r.put((String)kv[i],kv[i+1]); return r;}
 interface R { Object run() throws Exception; }
 static void t(String n, R r){ long t0=System.nanoTime(); try { Object o=r.run(); System.out.printf("%-28s OK %5d ms  %.160s%n",n,(System.nanoTime()-t0)/1000000,o);} catch(Throwable e){ System.out.printf("%-28s FAIL %s%n",n,e); if(e.getCause()!=null) System.out.println("   cause "+e.getCause()); } }
 static KafkaConsumer<String,String> cons(Object... kv){ Map<String,Object> c=m(kv); c.put("auto.offset.reset","earliest"); c.putIfAbsent("enable.auto.commit","false"); return new KafkaConsumer<>(c,new StringDeserializer(),new StringDeserializer()); }
 static int take(KafkaConsumer<String,String> c,int n){ int k=0; long end=System.currentTimeMillis()+10000; while(k<n && System.currentTimeMillis()<end) k+=c.poll(Duration.ofMillis(200)).count(); return k; }
 public static void main(String[] a) throws Exception { B=a[0];
  Admin ad=Admin.create(m());
  t("createTopics",()->ad.createTopics(List.of(new NewTopic("j",4,(short)1),new NewTopic("jt",2,(short)1))).all().get());
  for(String codec: List.of("none","gzip","snappy","lz4","zstd")) t("produce "+codec,()->{ try(var p=new KafkaProducer<>(m("compression.type",codec,"linger.ms",5),new StringSerializer(),new StringSerializer())){ for(int i=0;i<100;i++) p.send(new ProducerRecord<>("j","k"+i,"v".repeat(100))); p.flush(); return p.metrics().size(); }});
  t("consume classic",()->{ try(var c=cons("group.id","jg","group.protocol","classic")){ c.subscribe(List.of("j")); int n=take(c,500); c.commitSync(); return n; }});
  t("consume 848",()->{ try(var c=cons("group.id","jg8","group.protocol","consumer")){ c.subscribe(List.of("j")); int n=take(c,500); c.commitSync(); return n+" "+c.groupMetadata(); }});
  t("consume 848 two",()->{ try(var c=cons("group.id","jg9","group.protocol","consumer"); var d=cons("group.id","jg9","group.protocol","consumer")){ c.subscribe(List.of("j")); c.poll(Duration.ofMillis(300)); d.subscribe(List.of("j")); for(int i=0;i<40 && !(c.assignment().size()==2&&d.assignment().size()==2);i++){c.poll(Duration.ofMillis(50));d.poll(Duration.ofMillis(50));} return c.assignment()+" "+d.assignment(); }});
  t("txn",()->{ try(var p=new KafkaProducer<>(m("transactional.id","jtx"),new StringSerializer(),new StringSerializer())){ p.initTransactions(); for(int i=0;i<5;i++){ p.beginTransaction(); p.send(new ProducerRecord<>("jt","a"+i)); p.flush(); if(i%2==0) p.commitTransaction(); else p.abortTransaction(); } 
     try(var c=cons("group.id","jtg")){ c.subscribe(List.of("j")); take(c,1); p.beginTransaction(); p.send(new ProducerRecord<>("jt","z")); p.sendOffsetsToTransaction(Map.of(new TopicPartition("j",0),new OffsetAndMetadata(5)),c.groupMetadata()); p.commitTransaction(); }
     return ad.listConsumerGroupOffsets("jtg").partitionsToOffsetAndMetadata().get(); }});
  t("read_committed",()->{ try(var c=cons("isolation.level","read_committed")){ c.assign(List.of(new TopicPartition("jt",0),new TopicPartition("jt",1))); c.seekToBeginning(c.assignment()); return take(c,4)+" "+c.endOffsets(c.assignment()); }});
  t("offsetsForTimes",()->{ try(var c=cons()){ return c.offsetsForTimes(Map.of(new TopicPartition("j",0),0L)); }});
  t("describeTopics",()->ad.describeTopics(List.of("j")).allTopicNames().get());
  t("describeCluster",()->ad.describeCluster().nodes().get());
  t("describeConfigs",()->ad.describeConfigs(List.of(new ConfigResource(ConfigResource.Type.TOPIC,"j"))).all().get().values().iterator().next().entries().size());
  t("describeConfigs broker",()->ad.describeConfigs(List.of(new ConfigResource(ConfigResource.Type.BROKER,"1"))).all().get().values().iterator().next().entries().size());
  t("incrementalAlter",()->ad.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC,"j"),List.of(new AlterConfigOp(new ConfigEntry("retention.ms","99999999"),AlterConfigOp.OpType.SET)))).all().get());
  t("listGroups",()->ad.listGroups().all().get());
  t("describeConsumerGroups",()->ad.describeConsumerGroups(List.of("jg","jg8")).all().get());
  t("listOffsets",()->ad.listOffsets(Map.of(new TopicPartition("j",0),OffsetSpec.latest(),new TopicPartition("j",1),OffsetSpec.maxTimestamp())).all().get());
  t("deleteRecords",()->ad.deleteRecords(Map.of(new TopicPartition("j",0),RecordsToDelete.beforeOffset(1))).all().get());
  t("describeLogDirs",()->ad.describeLogDirs(List.of(1)).allDescriptions().get());
  t("describeFeatures",()->ad.describeFeatures().featureMetadata().get());
  t("describeQuorum",()->ad.describeMetadataQuorum().quorumInfo().get());
  t("listTransactions",()->ad.listTransactions().all().get());
  t("describeTransactions",()->ad.describeTransactions(List.of("jtx")).all().get());
  t("describeProducers",()->ad.describeProducers(List.of(new TopicPartition("jt",0))).all().get());
  t("electLeaders",()->ad.electLeaders(ElectionType.PREFERRED,null).partitions().get());
  t("listReassign",()->ad.listPartitionReassignments().reassignments().get());
  t("listConfigResources",()->ad.listConfigResources().all().get());
  t("scram",()->{ad.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion("u",new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256,4096),"pw"))).all().get(); return ad.describeUserScramCredentials().all().get();});
  t("deleteGroup",()->ad.deleteConsumerGroups(List.of("jg")).all().get());
  t("share",()->{ ad.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.GROUP,"js"),List.of(new AlterConfigOp(new ConfigEntry("share.auto.offset.reset","earliest"),AlterConfigOp.OpType.SET)))).all().get();
     try(var c=new KafkaShareConsumer<>(m("group.id","js"),new StringDeserializer(),new StringDeserializer())){ c.subscribe(List.of("j")); int n=0; long end=System.currentTimeMillis()+8000; while(n<499 && System.currentTimeMillis()<end) n+=c.poll(Duration.ofMillis(300)).count(); c.commitSync(); return n+" "+ad.describeShareGroups(List.of("js")).all().get(); }});
  t("shareOffsets",()->ad.listShareGroupOffsets(Map.of("js",new ListShareGroupOffsetsSpec())).all().get());
  t("createPartitions",()->ad.createPartitions(Map.of("jt",NewPartitions.increaseTo(5))).all().get());
  t("deleteTopics",()->ad.deleteTopics(List.of("j","jt")).all().get());
  ad.close();
 }}
