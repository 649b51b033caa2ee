"""The style and the script of a race's page; both are written into it, so that it works without a network."""

from __future__ import annotations

STYLE = """
.gramian-page{margin:0;background:#fff}
.gramian-race{--ink:#1c1c1c;--pale:#666;--rule:#e2e2e2;--paper:#fff;--won:#eef5ec;
 font:14px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;color:var(--ink);
 background:var(--paper);max-width:900px;margin:0 auto;padding:1.2em}
.gramian-race h1{font-size:1.25em;font-weight:600;margin:0 0 .2em;overflow-wrap:anywhere}
.gramian-race .what{color:var(--pale);margin:0 0 .8em}
.gramian-race .won{font-size:1.08em;margin:0 0 1em;padding:.6em .9em;background:var(--won);border-left:4px solid #009E73}
.gramian-race .choices{display:flex;flex-wrap:wrap;align-items:center;gap:.35em;margin:0 0 .4em}
.gramian-race .choices span{color:var(--pale);margin:0 .2em 0 .6em}
.gramian-race .choices span:first-child{margin-left:0}
.gramian-race button{font:inherit;color:inherit;background:none;border:1px solid var(--rule);border-radius:4px;
 padding:.12em .7em;cursor:pointer}
.gramian-race button[aria-pressed=true]{background:var(--ink);color:var(--paper);border-color:var(--ink)}
.gramian-race .plot{position:relative}
.gramian-race svg{width:100%;height:auto;display:block}
.gramian-race svg text{fill:var(--pale);font-size:12px}
.gramian-race svg .rule{stroke:var(--rule)}
.gramian-race svg .lane{fill:none;stroke-width:2}
.gramian-race svg .faded{opacity:.12}
.gramian-race svg .lane[data-colour="#000000"]{stroke:var(--ink)}
.gramian-race svg [data-colour="#000000"]:not(.lane){fill:var(--ink)}
.gramian-race .tip{position:absolute;pointer-events:none;background:var(--paper);color:var(--ink);
 border:1px solid var(--pale);border-radius:4px;padding:.3em .6em;font-size:12px;white-space:nowrap}
.gramian-race .legend{display:flex;flex-wrap:wrap;gap:.15em 1.1em;margin:.5em 0 1.2em}
.gramian-race .legend span{display:inline-flex;align-items:center;gap:.4em;cursor:default}
.gramian-race .legend svg{width:30px;height:10px}
.gramian-race .scroll{overflow-x:auto}
.gramian-race table{border-collapse:collapse;font-variant-numeric:tabular-nums;width:100%}
.gramian-race th,.gramian-race td{padding:.22em .6em;text-align:left;white-space:nowrap}
.gramian-race .n{text-align:right}
.gramian-race thead th{font-weight:600;border-bottom:1.5px solid var(--ink)}
.gramian-race tbody th{font-weight:400}
.gramian-race tbody tr+tr>*{border-top:1px solid var(--rule)}
.gramian-race .best>*{font-weight:600;background:var(--won)}
.gramian-race .out{color:var(--pale)}
.gramian-race .out td{white-space:normal}
.gramian-race .note{color:var(--pale);margin:.6em 0 0;max-width:60em}
@media (max-width:640px){.gramian-race .plot svg text{font-size:19px}}
@media (prefers-color-scheme:dark){
.gramian-page{background:#15171a}
.gramian-race{--ink:#e8e8e8;--pale:#a2a2a2;--rule:#34373c;--paper:#15171a;--won:#1c2a25}
.gramian-race svg .lane[data-colour="#0072B2"]{stroke:#4aa3df}
.gramian-race svg [data-colour="#0072B2"]:not(.lane){fill:#4aa3df}
}
"""

SCRIPT = """
(function(){
var me=document.currentScript,every=document.querySelectorAll('.gramian-race');
var root=me?me.closest('.gramian-race'):every[every.length-1],svg=root.querySelector('.plot svg'),tip=root.querySelector('.tip');
var data=JSON.parse(root.querySelector('script[type="application/json"]').textContent);
var column={seconds:0,passes:1,iterations:2,left:3,error:4},W=data.width,H=data.height;
var box={l:64,r:16,t:12,b:44},state={x:'seconds',y:'left'},shown=[];
var names={seconds:'time',passes:'passes over the rows',iterations:'iterations',left:'share of the possible fall of J left',
 error:'relative error of the coefficients'};
function el(name,attributes,parent){var e=document.createElementNS(svg.namespaceURI,name);
 for(var key in attributes)e.setAttribute(key,attributes[key]);if(parent)parent.appendChild(e);return e}
function time(s){return s>=.9995?+s.toPrecision(3)+' s':s>=.9995e-3?+(s*1e3).toPrecision(3)+' ms':+(s*1e6).toPrecision(3)+' us'}
function power(v){var p=Math.round(Math.log10(v));return p>-3&&p<5?String(+v.toPrecision(3)):'1e'+p}
function count(v){return Math.round(v*10)/10>=1e3?Math.round(v).toLocaleString('en'):String(+(+v).toPrecision(4))}
function across(v,lane){return Math.log10(state.x==='seconds'?v:Math.max(v,lane.direct?1:v))}
function points(lane){return lane.points.filter(function(p){return p[column[state.x]]>0||lane.direct})}
function draw(){
 svg.textContent='';shown=[];
 var xs=[],ys=[];
 data.lanes.forEach(function(lane){points(lane).forEach(function(p){xs.push(across(p[column[state.x]],lane));
  ys.push(Math.log10(p[column[state.y]]))})});
 if(!xs.length)return;
 var x0=Math.min.apply(0,xs),x1=Math.max.apply(0,xs),y0=Math.min.apply(0,ys),y1=Math.min(Math.max.apply(0,ys),3);
 var room=.03*(x1-x0)||.5;x0-=room;x1+=room;y0-=.4;y1+=.3;
 function X(v){return box.l+(v-x0)/(x1-x0)*(W-box.l-box.r)}
 function Y(v){return H-box.b-(Math.min(v,y1)-y0)/(y1-y0)*(H-box.t-box.b)}
 var step=Math.max(1,Math.ceil((y1-y0)/9)),p,i;
 for(p=Math.ceil(y0);p<=y1;p++){if(p%step)continue;el('line',{x1:box.l,x2:W-box.r,y1:Y(p),y2:Y(p),class:'rule'},svg);
  el('text',{x:box.l-8,y:Y(p)+4,'text-anchor':'end'},svg).textContent=power(Math.pow(10,p))}
 var many=x1-x0<2.2?[1,2,5]:x1-x0<4?[1,3]:[1];
 for(p=Math.floor(x0);p<=x1;p++)many.forEach(function(m){var v=p+Math.log10(m);if(v<x0||v>x1)return;
  el('line',{x1:X(v),x2:X(v),y1:box.t,y2:H-box.b,class:'rule'},svg);
  var at=m*Math.pow(10,p);
  el('text',{x:X(v),y:H-box.b+18,'text-anchor':'middle'},svg).textContent=state.x==='seconds'?time(at):count(at)});
 el('text',{x:(box.l+W-box.r)/2,y:H-6,'text-anchor':'middle'},svg).textContent=names[state.x];
 el('text',{x:14,y:(box.t+H-box.b)/2,'text-anchor':'middle',transform:'rotate(-90 14 '+(box.t+H-box.b)/2+')'},svg)
  .textContent=names[state.y];
 data.lanes.slice().reverse().forEach(function(lane){
  var group=el('g',{'data-name':lane.name},svg),kept=points(lane),d='',last;
  kept.forEach(function(q,i){var x=X(across(q[column[state.x]],lane)),y=Y(Math.log10(q[column[state.y]]));
   d+=(i?'L':'M')+x.toFixed(1)+' '+y.toFixed(1);shown.push({x:x,y:y,lane:lane,point:q});last=[x,y]});
  if(!last)return;
  el('path',{d:d,class:'lane',stroke:lane.colour,'data-colour':lane.colour,
   'stroke-dasharray':lane.direct?'2 3':lane.dashes},group);
   if(lane.direct)el('path',{d:'M'+last[0]+' '+(last[1]-6)+'l6 6l-6 6l-6-6z',
   fill:lane.colour,stroke:'var(--paper)','data-colour':lane.colour},group);
  else el('circle',{cx:last[0],cy:last[1],r:3.5,fill:lane.colour,'data-colour':lane.colour},group)});
}
function fade(name){svg.querySelectorAll('g').forEach(function(g){
 g.classList.toggle('faded',name!==null&&g.getAttribute('data-name')!==name)})}
svg.addEventListener('mousemove',function(event){
 var r=svg.getBoundingClientRect(),k=W/r.width,x=(event.clientX-r.left)*k,y=(event.clientY-r.top)*k,best=null,near=30*30;
 shown.forEach(function(s){var far=(s.x-x)*(s.x-x)+(s.y-y)*(s.y-y);if(far<near){near=far;best=s}});
 tip.hidden=!best;fade(best?best.lane.name:null);if(!best)return;
 var p=best.point;
 tip.textContent=best.lane.name+': '+time(p[0])+', '+count(p[1])+' passes'+(best.lane.direct?'':', '+count(p[2])+' iterations')+
  ', '+p[3].toExponential(0)+' of J left, '+Math.min(16,Math.max(0,-Math.log10(p[4]))).toFixed(1)+' digits';
 tip.style.top=(best.y/k+12)+'px';
 tip.style.left=Math.max(0,Math.min(best.x/k+12,r.width-tip.offsetWidth-4))+'px'});
svg.addEventListener('mouseleave',function(){tip.hidden=true;fade(null)});
var legend=root.querySelector('.legend');
data.lanes.forEach(function(lane){var item=document.createElement('span'),mark=el('svg',{viewBox:'0 0 30 10'});
 if(lane.direct)el('path',{d:'M15 0l5 5l-5 5l-5-5z',fill:lane.colour},mark);
 else el('path',{d:'M0 5H30',class:'lane',stroke:lane.colour,'data-colour':lane.colour,'stroke-dasharray':lane.dashes},mark);
 item.appendChild(mark);item.appendChild(document.createTextNode(lane.name));legend.appendChild(item);
 item.addEventListener('mouseenter',function(){fade(lane.name)});item.addEventListener('mouseleave',function(){fade(null)})});
root.querySelectorAll('button').forEach(function(button){button.addEventListener('click',function(){
 var side=button.hasAttribute('data-x')?'x':'y';state[side]=button.getAttribute('data-'+side);
 root.querySelectorAll('button[data-'+side+']').forEach(function(other){
  if(other===button)other.setAttribute('aria-pressed','true');else other.removeAttribute('aria-pressed')});draw()})});
draw();
})();
"""
