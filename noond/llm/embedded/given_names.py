"""Common given names of the four languages and their neighbours.

A capitalised word is no proof of a person ("Website: fix the header"): a name of this list, or one
that the document itself shows to be a person (names.py), is.
"""

from __future__ import annotations

GIVEN_NAMES = frozenset(
    """
    aaron abdul abebe abel abena abhishek abigail achieng ada adaeze adam adama adeel adela adele
    adelheid adewale adewunmi aditi aditya adnan adrian adriana adrien adwoa agata agatha agathe
    agnes agneta agnieszka ahmad ahmed ahmet aicha aida ailsa aimé aimée ainhoa aino aisha aisling
    aitana aitor aki akinyi akira akua alain alan alasdair alastair alba albert alberto albrecht
    alec alejandra alejandro alejo aleksandar aleksander aleksandra aleksi alem alessandra
    alessandro alex alexa alexander alexandra alexandre alexei alexis alfie alfonso alfred alfredo
    algernon ali alice alicia alina aline aliou alison aliya alma alois alona alphonse alvaro
    alyssa amadou amaia amanda amandine amani amara amaya amber ambrose ameer amelia amelie amina
    amir amit amol amos amparo amy ana anais ananya anaïs ander anders andoni andrea andreas andres
    andrew andriy andrzej andré andy angela angelica angelika angus anika aniket anil anita anja
    anjali anke anna annabel annabelle annalena anne anneliese annemarie annette annick annika
    anouk ansgar anssi anthony antje antoine anton antonia antonie antonio antti anya aoife apinya
    apolline april arantxa arash archibald archie arek aretha ariane ariel aris arjan arjun armand
    armelle arnaud arne arno arnold artem arthur arturo arun arvind asad asha ashley ashton asier
    asif aslan asli astor astrid athena atsushi aubrey aude audra audrey august auguste augustin
    aurelie aurora aurore ava avery axel ayaan ayanda ayesha aylin ayo ayumi aziz bailey balwinder
    baptiste baraka barbara barnabas barnaby barry bartek basil basile bastian bastien bea beat
    beatrice beatrix beatriz becky begoña bela belen bella ben benedikt benjamin benno benny benoit
    bente berit bernadette bernard bernat bernd bertha bertram bertrand beryl bessie beth bethany
    bettina betty beulah bhavna bianca bianka bilal biljana bill billy birger birgit birgitta
    bjarne björn blanca blanche blandine blanka bo bob bogdan bogusław bohdan bohdana bohumil bola
    bongani bonnie boris boubacar bouchra bożena bradley brady bram brandon bree brenda brendan
    brent brett brian bridget brieuc brigitte brisa britta brock bronwyn bruce bruna brunhilde
    bruno bryan bryony burak burkhard burkhardt bushra byron bärbel bérengère bérénice caitlin
    calum calvin cameron camila camilla camille camilo can caoimhe capucine carina carl carla carlo
    carlos carlota carly carmel carmela carmen carol carola carolin carolina caroline carolyn
    carrie carsten carys casey caspar cassandra cassidy caterina catherine cathy cecil cecile
    cecilia celeste celia celine cem cerys chantal charlene charles charlie charlotte chavela chelo
    chen cheryl chiamaka chiara chidi chika chinedu chloe chloé chris christa christel christelle
    christian christiane christin christina christine christoph christophe christopher christy
    ciara ciarán cihan cillian cindy citlali claas claire clara clarence clarissa claude claudia
    claudine claudio claus clem clemens clement clementine cleo clifford clint clinton clive
    clothilde colette colin colleen conchita connie connor conny constance constanza cora coralie
    coraline cordelia corentin corey corinna corinne cormac cornelia cornelius cosima cosimo
    courtney craig cressida crispin cristian cristina cynthia cyprien cyrielle cyril cyrus cédric
    dace dagmar dagny daiki daisuke dalia damian damien damir dan dana dani daniel daniela daniele
    danielle danilo danny danuta daphne darcy darek dario darius darlene darragh darrell darren
    darya daryl dave david davide davina dawit dean deanna debbie deborah debra declan deepa deepak
    deirdre delia delilah della delphine delroy demetrius denis denise deniz dennis derek desiree
    desmond detlef devon dexter diana diane didier diego dieter diethelm dietmar dietrich dieudonné
    dilys dimitri dimitrios dina dinesh dirk djamila dmitri dmitry dmytro dolly dolores dominic
    dominik dominika dominique don donal donald donna donovan dora doreen dorian doris doro dorota
    dorothea dorothee dorothy doug douglas dragan dragana duane dudley duncan dusan dwayne dwight
    dylan dörte eamon eamonn ebba eberhard ebru eckart eckhard edda eddie edeltraud edgar edith
    edmund edna edouard eduardo edward edwige edwin edwina eero efe egon eileen einar eirini eivind
    ekaterina ekkehard elaine eleanor elena eleonore elfriede eli elias elif elijah elin elio elisa
    elisabeth elise eliza elizabeth eliška elke ella ellen ellie elliot elodie eloise elsa elsbeth
    elspeth eluned elvira elvis elwyn emeka emerson emil emilia emilie emilio emily emine emma
    emmanuel emmanuelle emmeline empar emre encarna engelbert enid enno enora enrica enrico enrique
    enzo eoin erdmute erhard eric erica erich erik erika erin erna ernest ernesto ernst errol erwan
    erwin esme esteban estefanía estella estelle esther eszter ethan ethel etienne etta eugen
    eugene eugenia eugénie eunice eunji eva eva- evan evangeline evelyn everett evi ewa ewald ewen
    eyal ezekiel ezequiel ezra fabian fabien fabienne fabio fabrice fadi faisal fanny farah farhad
    farid farzana fatima fatma fatou faustine faye federica federico felicia felicity felipe felix
    femi fenna ferdinand fergal fergus fermín fernanda fernando ferran filip filippa finbar finlay
    finn fiona fionn firmin fleur flo flora florence florent florian florin florrie floyd folake
    frances francesca francesco francine francis francisca francisco franck francois francoise
    frank franz franziska françois françoise fraser frauke fred freddy frederic frederik freya
    frida frieda friedel frieder friedhelm friedrich fritz fuensanta fumiko félix gabi gabriel
    gabriela gabriele gaelle galina gareth gary gaston gauri gauthier gavin gayle gaël gaëtan
    gebhard geert geeta gema gemma genevieve geneviève geoff geoffrey georg george georges georgia
    georgina gerald geraldine gerard gerardo gerd gerda gerhard gerlinde gero gerrit gertrud
    gertrude gesine ghislaine giacomo gianna gideon gilbert gilda gill gilles gina giorgio giorgos
    giovanni girish gisbert gisela gisèle gitta giulia giuseppe gladys glen glenda glenn gloria
    godfrey gontran gonzalo goran gordon gottfried grace gracie graeme graham grainne grażyna greg
    gregor gregory greta gretchen griet grzegorz gráinne guadalupe gudrun guido guilhem guillaume
    guillem guillermo guinevere guislaine gundula gunilla gunnar gunther gurpreet gustav gustavo
    guy gwen gwenaëlle gwendolen gwilym gwladys gwyneth götz gül günter günther hadwig hakan halima
    halina halyna hamid hamish hamza hana hania hanna hannah hanne hannele hannelore hannes hans
    hans-peter hansjörg hao haoran harald harish harold harpreet harro harry hartmut haruka haruto
    hasan hassan hatice hattie hauke heather hector hedda hedwig heidemarie heidi heidrun heike
    heikki heiko heiner heinke heinrich heinrike heinz helen helena helene helga helle helmtraud
    helmut hendrik hendrike henning henny henri henriette henrik henrike henry herbert herman
    hermann hernán herta hervé hettie hiba hideo hieu hilary hilda hilde hildegard hilmar hinnerk
    hinrich hiro hiroko hiroshi hoang holger hollie holly holm hong honoré horace horst hortense
    hortensia howard huan hubert hubertus hugh hugo humphrey huong hussein huw hyacinthe hyejin
    håkan hélène iago ian ianthe ibrahim ibtissam ida idris ieuan ifeoma ignacio igor ikram ilias
    ilka ilona ilse ilse-marie ilyas imani imelda imke imogen imran ina indira ines inga inge
    ingeborg ingmar ingo ingolf ingrid ingvar inka inmaculada innes inés ioana iolo ionut irena
    irene irfan irina iris irma irmela irmgard irving iryna isa isaac isabel isabell isabella
    isabelle isadora isaiah isak isha ishaan isla ismael ismail isobel isolde itzel itziar ivan
    ivana ivica ivo ivonne ivor iván izabela iñaki jaan jaap jacek jacinta jack jackie jackson
    jacky jacob jacobo jacqueline jacques jacqui jadwiga jago jaime jake jakob jakobine jakub jamal
    jameela james jamie jan jana jane janek janet janina janine janis janne jannik jannis janusz
    jared jarek jari jarmo jaroslav jasmin jason jasper jaspreet javi javier jay jaya jean jeanette
    jeanne jeannie jed jedidiah jeff jeffrey jelena jemima jemma jenna jennifer jenny jens jeremy
    jerome jerry jerzy jesper jess jesse jessica jesus jethro jiahao jie jiho jill jim jimena jimin
    jitka jiwoo jiří jo joachim joan joana joanna joanne joaquin joaquín jobst jocelyn jochem
    jochen jock jodie joel joelle joely johan johann johanna johannes john johnny johnson jolanda
    jolene jon jonah jonas jonathan jonte joost jordan jordi jorge jorid joris jose josef josefa
    josefina josefine joseph josephine josette josh joshua josiane josie josip josué josé joy joyce
    joëlle juan juana juanita judd judit judith judy juha jukka julia julian juliana juliane julie
    julien julieta juliette julika julio julius julián juma jun junaid junko jussi justin justine
    jutta jérôme jörg jörn jürgen kaan kacper kai kaisa kaja kalle kamal kamau kamil kamila kamran
    kara kareem karen karim karima karin karina karine karl karla karlheinz karol karola karolina
    karsten karthik kasia kasper katarina katarzyna kate kateryna katharina katherina katherine
    kathi kathleen kathrin kathryn kathy katie katinka katja katri katrin katrina kavita kay kaye
    kazuki kazuko kehinde keira keith kelechi kelly kelvin kemal ken kendra kenji kenneth kenny
    kenta keren kerry kerstin kevin khadija khalid khanh kiara kieran kieron kim kipchoge kiran
    kirsi kirsten kirstin kirsty kiyoshi klaas klara klaus knut kofi koji konrad konstantin
    konstanze krishna kristen kristin kristina kristján kristof kristy krzysztof kuba kunigunde
    kurt kwame kyle kyra käthe lachlan ladislav lakshman lakshmi lalita lambert lamia lamine lan
    lana lara larissa larry lars lasse laszlo latifa latoya laura laure laurence laurent laurie
    lautaro laverne lawrence laxmi lea leah leandro leanne lee leif leighton leila leilani lena
    lennart lenny lenora leo leon leona leonard leonardo leonie leonor leopold leroy lesley leslie
    lester leticia lettie lev levi levke lewis leïla liam liang lidia lien liesel lieselotte liesl
    liis lila lili lilia lilian liliane lillian lilly lily lin lina linda lindiwe lindsay linh
    linnea linus lionel lior lisa lisbeth lise liselotte livia liz ljubica llinos lloyd loane loic
    lola lore loredana lorena lorenz lorenza lorenzo lorna lorraine lothar lotte lottie lou louella
    louis louisa louise lowell lowri loïc loïs luana lubna luboš luc luca lucas lucette lucia
    lucian luciana luciano lucie lucien lucienne lucille lucinda lucy lucía ludger ludivine ludmila
    ludmilla ludolf ludovic ludwig luis luisa luise luitgard luka lukas lukasz luke lukáš luna lupe
    luther lutz lydia lydie lyle lynette lynn lynne léa léonie léontine maarten mabel macarena
    maciej mackenzie maddie madeleine madge mads mae maelys maeve magali magda magdalena magdalene
    maggie magnus mahesh mahmoud mahnoor mai maija maike mair maisie maisy maite maj maja majid
    makoto malaika malala malcolm maleen malgorzata malik malin malina mallory malo malte mamadou
    mandy manfred manolo manon manpreet mansour manu manuel manuela mara maral marc marcel marcela
    marceline marcelle marcelo marcia marcin marco marcos marcus marcy mareike marek mares marga
    margaret margareta margarete margarethe margarita marge margery margherita margit margot
    marguerite mari maria mariam marian mariana marianne mariano maribel marie marieke mariella
    marielle marijke marijn marika mariko marilyn marina mario marion marisa marisol marissa marit
    marius marjatta marjolaine marjorie mark marko markus marla marlene marlies marlon marlène
    marnie marta martha marthe martijn martin martina martine marvin marwan mary maryam maryanne
    maryline maryse mascha masha mateo mateus mateusz mathias mathieu mathilde mathis matias
    matilda mats matt matteo matthew matthias matthieu matti maud maude maura maureen maurice
    mauricio mauro mavis max maxim maxime maximilian maxine maxwell maya mayra maël maëlle maëva
    małgorzata mbali mckenna mechthild meenakshi meera megan mehdi mehmed mehmet mehreen mehwish
    mei meike meilin meinhard melanie melike melina melinda melissa meltem melvin mercedes meredith
    merle merve mervyn mette mia mica micaela michael michaela michal michał michel michele
    michelle mieke miguel miia mika mikael mike mikhail mikkel mila milada milan mildred milena
    miles millicent millie miloš mimi mina ming mingyu minh minjun minna minnie miquel mira
    mireille mirela miriam mirjam mirko miro miroslav misha mitch mitsuki moana moe mohamad mohamed
    mohammed mohan moira mollie molly momo mona monica monika monique monty morag moritz mortimer
    moussa muhammad muireann murat muriel murugan mustafa mwangi mykola myles mylène myra myriam
    mélanie mélissa nabil nada nadia nadine nadja nadège nagore nahir nancy naoki naoko naomi narek
    naresh narges nasreen nasrin natacha natalia natalie nataliya natalya natascha natasha nathalie
    nathan nathaniel naveed navid nayeli neelam neha neil nele nelly neo nerea nerys nettie neville
    ngoc ngozi nguyet niall niamh nicholas nicklas nico nicola nicolai nicolas nicole nicolás niels
    nigel nik nikhil nikita niklas nikola nikolai nikolaj nikolas nikolaus nikos nilda nils nina
    ning ninon nisha njoroge nkechi nneka noa noah noel noelle noemi nolwenn nomsa nora norbert
    noreen norma norman norris nour noémie nuno nur nuray nuria nyambura oana obi obinna oceane
    octavia océane oda odessa odette odile ofelia oisín oksana ola olaf oleg olegario olek
    oleksandr olena olga olive oliver olivia olivier oliwia olli olly oluwaseun omar omari ondřej
    onur oonagh ophelia ophélie oriol orla orlando orsolya orson ortrud oscar oskar osman ossi
    oswald oszkár otieno otilia otis ottilie ottmar otto oumar owain owen pablo paco padma padraig
    palle paloma pamela paola parisa park parveen pascal pascale patrice patricia patricio patrick
    patrik patryk patsy patty paul paula paulette paulina pauline paulo pavel pavlos pedro peggy
    pekka pelle penelope pepe per percy pernille perpetua perrine peta petar pete peter petra petro
    petros petula phil philine philip philipp philippa philippe philomena phoebe phuong phyllis pia
    pierre pierrick piers piet pieter pietro pilar pilvi pinar piotr pippa pirkko polly pooja
    portia prakash pranav preeti prisca priya priyanka pádraig qiang quentin quincy quinn quirin
    quitterie quynh rachel radek radha radka rafael rafaela rafał ragnar ragnhild rahul raija
    raimund rainer raisa raj rajesh ralf ralph ramesh rami ramin ramona ramsay ramón randall randy
    rania ranjit raoul raphael raphaela raquel rashid rasmus raul ravi ray raymond raymonde razvan
    raúl rebecca rebekka reem reggie regina reginald regine reiner reinhard reinhild reinhold rekha
    remi renate renato renaud renee rené renée reto reuben reza rhea rhian rhiannon rhoda rhodri
    rhonda rhys ria ricarda ricardo riccardo richard rick rieke rigoberto rik rikke riku rina rita
    ritva rizwan roald rob robert roberta roberto robin rocio rod roderick rodney rodrigo roger
    rohan rohit roisin roisín rok roland rolf rolf-dieter romain roman romina romy ron rona ronald
    ronan ronja ronnie rory rosa rosalia rosalie rosalind rosalyn rosalía rosamund rosanna rosario
    rosaura rose roselyne rosemarie rosemary rosetta rosie rosmarie roswitha rotraud rowan rowena
    roxana roxane roy ruben rubén rudi rudolf rufus rui rukhsana rune rupa rupert ruslan russell
    rustam ruth ryan ryota ryszard ryszarda régine régis rémi róisín rüdiger saad sabah sabina
    sabine sabri sabrina sacha sachin sadia sadie said saida sakura salim sallie sally salma salome
    salvador sam samantha sami samir samira samson samuel sandra sandrine sandro sandy sangeeta
    sanjay sanna sanne santiago saoirse saori sara sarah sari sascha saskia satoshi saul savita
    sayed scott sean sebastian sebastien sebastián sebnem sefa segun selin selina selma semih
    senthil seojun sepp seppo serap serena serge sergei sergio serhat serhii seth severin severine
    seyed seymour shabnam shahid shaista shalini shan shane shannon shanti sharon shaun shauna
    sheena sheila shelby sheldon shelley sherry sherwood shirin shirley shona shota shreya sian
    siavash sibel sibyl sibylle siddharth sidney sidonie siegbert siegfried sieglinde siegrid sien
    sigmund signe sigrid siiri sika silas silje silke silvana silvester silvia silvio simeon simon
    simona simone simran simranjit sina sinan sindre sinead sini sinéad siobhan siobhán sipho sira
    sissel siv siân slavko slobodan snezana snežana sofia sofie soizic solange soledad solenn
    solveig solène sona sonia sonja soo sophia sophie soraya sorcha soren soumaya soyeon stacey
    stacy stan stanislaw stavros stefan stefania stefanie steffen steffi stelian stella stephan
    stephane stephania stephanie stephen steve steven stewart stig stijn stuart stéphane stéphanie
    sudha sue sukhdev suki suleiman sunil sunita suresh susan susana susann susanna susanne suse
    susie suzanne svein sven sven-erik svenja svetlana swantje swati swenja sybil sybille sylvain
    sylvestre sylvia sylvie sylwia synnøve szymon séverine síle sören søren sławomir taavi tabea
    tabitha tadashi tadeusz tadhg tahira taina taiwo takeshi takumi tal talbot talia tamara tamas
    tamika tamsin tamás tania tanja tankred tanya tapio tara taras tariq tarja tasha tatiana
    tatjana tatsuya tea ted teemu tegwen telma temperance teo teodor teodora terence teresa terje
    terrence terri terry tessa tevita thabo thaddeus thandi thanh thao thaïs thea theda thekla
    thelma themba theo theodor theodora theodore theresa therese theresia thiago thibaud thibault
    thierry thijs thilo thiphaine thom thomas thor thore thorsten thuy tiago tiffany tiina tilda
    till tilly tilman tilo tim timea timo timothy timur timéo tina titouan tjark tobi tobias toby
    todd tom tomas tomasz tomek tomi tommy tomoko tomáš tonatiuh toni tony torben tore torsten
    torunn tracey tracy trang traudl traute trent trevor tricia trine trish tristan trixi trixie
    troy trude trudy tuan tudor tunde tuomas tuğba tyler tyrone tzvi uche udo ulf ulla ulrich
    ulrike ulysse umut una urban urs ursel ursula urszula uschi usha usman uta ute uwe uxue uzma
    valentin valentina valentín valeria valerie valerio valère valérie vance vanessa vanja varun
    vasco vasil vasile vasyl vaughn veera veikko veit vera verena vernon veronica veronika
    veronique verónica vesna vicent vicente vicky victor victoria victorine vidar vihaan vijay
    vikram viktor viktoria viktorija vilma vince vincent vincenzo vinzenz viola violeta violetta
    violette vipin virginia virginie virpi vishal vitali vito vivek vivian viviane vivien vladimir
    vladislav vlasta volkan volker volodymyr václav walburga waldemar wallace wally walter waltraud
    waltraut wambui wanda wangari wanjiku wanjiru waqas warren wayne wei wencke wendelin wendy
    wenke werner wesley whitney wiebke wiesław wiktor wilbur wilfred wilfried wilhelm wilhelmina
    will willard willem willi william willis willy wilma wilmar wim winfried winifred winston
    wioletta wojciech wolf wolfgang wolfram wout xaver xavi xavier xiao xiaoming ximena xin xóchitl
    yael yahya yamila yamileth yan yann yannick yannis yara yaroslav yasemin yasmin yasmina yasmine
    yassine yaw yemi yewande ying ylva yoko yolanda yolande yonas yoshi youssef yu yuki yuliya yumi
    yuri yusra yusuf yuto yuxin yvan yves yvette yvonne zacharias zachary zadie zahra zaida zainab
    zanele zara zawadi zbigniew zdenka zdeněk zdzisław zeina zeke zelda zenzi zenón zeynep zihan
    zita zoe zofia zola zoltán zoran zoé zubair zulema zuzana zélie zülal ángel åsa édith éliane
    élodie émile éric örjan øyvind željka željko
    """.split()
)
