// What kafkajs does with a cluster; started by test_foreign.py, which reads the last line.
const { Kafka, CompressionTypes, logLevel } = require('kafkajs');
(async()=>{
 const kafka=new Kafka({brokers:[process.argv[2]],logLevel:logLevel.NOTHING}); const ad=kafka.admin(); await ad.connect();
 console.log('create',await ad.createTopics({topics:[{topic:'js',numPartitions:2}]}));
 const p=kafka.producer({idempotent:true}); await p.connect();
 console.log(await p.send({topic:'js',compression:CompressionTypes.GZIP,messages:[...Array(20).keys()].map(i=>({key:'k'+i,value:'v'+i,headers:{h:'1'}}))}));
 const c=kafka.consumer({groupId:'jsg'}); await c.connect(); await c.subscribe({topics:['js'],fromBeginning:true}); let n=0;
 const t=Date.now(); await new Promise(r=>c.run({eachMessage:async({message})=>{ if(++n==20) r(); }})); console.log('consumed',n,Date.now()-t,'ms');
 console.log('groups',await ad.listGroups(), (await ad.describeGroups(['jsg'])).groups[0].state);
 await c.stop(); await c.disconnect();
 console.log('offsets',JSON.stringify(await ad.fetchOffsets({groupId:'jsg',topics:['js']})));
 const tp=kafka.producer({transactionalId:'jstx',maxInFlightRequests:1,idempotent:true}); await tp.connect();
 let tx=await tp.transaction(); await tx.send({topic:'js',messages:[{value:'ab'}]}); await tx.abort();
 tx=await tp.transaction(); await tx.send({topic:'js',messages:[{value:'ok'}]}); await tx.sendOffsets({consumerGroupId:'jsg',topics:[{topic:'js',partitions:[{partition:0,offset:'3'}]}]}); await tx.commit();
 console.log('offsets',JSON.stringify(await ad.fetchOffsets({groupId:'jsg',topics:['js']})));
 console.log('byts',await ad.fetchTopicOffsetsByTimestamp('js',1000));
 console.log('configs',(await ad.describeConfigs({resources:[{type:2,name:'js'}]})).resources[0].configEntries.length);
 console.log('alter',(await ad.alterConfigs({resources:[{type:2,name:'js',configEntries:[{name:'retention.ms',value:'5000'}]}]})).resources[0].errorCode);
 console.log('cluster',await ad.describeCluster());
 await ad.deleteGroups(['jsg']); await ad.deleteTopics({topics:['js']}); console.log('OK', n, JSON.stringify(await ad.listTopics()));
 for (const x of [p,tp,ad]) await x.disconnect();
})().catch(e=>{console.log('FAIL',e);process.exit(1)});
